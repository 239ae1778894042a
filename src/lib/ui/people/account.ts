/** Signing in and out, and the account of who has signed in. */
import { paths } from '../../protocol/paths.ts';
import type { AccountView, SignedIn } from '../../protocol/people.ts';
import { callApi } from '../call-api.ts';
import { replaceSession } from '../state/browser-session.ts';

export function readAccount(): Promise<AccountView> {
  return callApi('GET', paths.account);
}

/** @param body name and password; nothing where a proxy says who it is; with what an issuer sent the browser back */
export async function signIn(path: string, body: object): Promise<void> {
  // The list that this browser had before is not lost: it is the person's now, or that of the person before.
  replaceSession((await callApi<SignedIn>('POST', path, body)).id);
}

/** @throws SluiceError `not_found` for a list that is not theirs */
export function switchList(id: string): Promise<void> {
  return signIn(paths.openList(id), {});
}

/** Where the browser wanted to go before it was asked to sign in: a page of this server. */
export function destination(search: string): string {
  const url = URL.parse(new URLSearchParams(search).get('to') ?? '/', location.origin);
  if (url?.origin !== location.origin || !/^https?:$/.test(url.protocol)) return '/';
  // Not the path alone: one that begins with two slashes would name another host.
  return url.href;
}
