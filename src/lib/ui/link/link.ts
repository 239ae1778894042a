/** Reads and opens a link of `sluice operator`, whose grant is in the fragment. */
import { SluiceError } from '../../protocol/error.ts';
import { paths } from '../../protocol/paths.ts';
import type { Problem } from '../../protocol/problem.ts';
import type { LinkView, OpenedLink } from '../../protocol/session.ts';

/** @returns null without a grant */
export function grantIn(hash: string): string | null {
  return new URLSearchParams(hash.replace(/^#/, '')).get('grant');
}

/** Does not use up the link. @throws SluiceError `link_used`, `connect_failed` and other errors of the server */
export function readLink(grant: string): Promise<LinkView> {
  return post(paths.readLink, grant);
}

/** Uses up the link. @throws SluiceError as `readLink`, `forbidden_origin` */
export function openLink(grant: string): Promise<OpenedLink> {
  return post(paths.openLink, grant);
}

async function post<T>(path: string, grant: string): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ grant }),
    });
  } catch (cause) {
    throw new SluiceError('connect_failed', undefined, { cause });
  }
  const body: unknown = await response.json().catch(() => ({}));
  if (response.ok) return body as T;
  const { code, detail } = body as Partial<Problem>;
  throw new SluiceError(code ?? 'internal_error', detail);
}
