import { SluiceError } from '#lib/protocol/error.ts';
import type { Problem } from '#lib/protocol/problem.ts';

/**
 * GET of the session's API.
 * @param path below `/api`, with its query
 * @throws SluiceError what the session refuses with, and `connect_failed` where it cannot be asked
 */
export type Read = <T>(path: string) => Promise<T>;

export function readerOf(ask: (path: string) => Promise<Response>): Read {
  return async <T>(path: string) => {
    let status: number;
    let body: unknown;
    try {
      const response = await ask(path);
      status = response.status;
      body = await response.json();
    } catch (cause) {
      throw new SluiceError('connect_failed', undefined, { cause });
    }
    if (status === 200) return body as T;
    const { code, detail } = body as Partial<Problem>;
    throw new SluiceError(code ?? 'remote_status', detail);
  };
}
