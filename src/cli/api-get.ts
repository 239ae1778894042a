import { SluiceError } from '#lib/protocol/error.ts';
import type { Problem } from '#lib/protocol/problem.ts';

/**
 * A GET request to the session's API.
 * @param path one of `paths`, with its query
 * @throws SluiceError the session's error, or `connect_failed`
 */
export type ApiGet = <T>(path: string) => Promise<T>;

export function createApiGet(fetchPath: (path: string) => Promise<Response>): ApiGet {
  return async <T>(path: string) => {
    let status: number;
    let body: unknown;
    try {
      const response = await fetchPath(path);
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
