/** Calls of the HTTP API by pages that have no channel. */
import { SluiceError } from '../protocol/error.ts';
import type { Problem } from '../protocol/problem.ts';

/**
 * @returns undefined for an answer without a body
 * @throws SluiceError of the server, or `connect_failed`
 */
export async function callApi<T>(method: string, path: string, body?: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
  } catch (cause) {
    throw new SluiceError('connect_failed', undefined, { cause });
  }
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer as T;
  const { code, detail } = Object(answer) as Partial<Problem>;
  throw new SluiceError(code ?? 'internal_error', detail);
}
