/** Signing in with an issuer: the browser leaves this page, and comes back to it. */
import { ERRORS, type ErrorCode } from '../../protocol/error.ts';
import { paths } from '../../protocol/paths.ts';
import type { BegunSignIn } from '../../protocol/people.ts';
import { callApi } from '../call-api.ts';

/** Another port of this host can set a cookie here, but does not know this storage. */
const KEY = 'sluice.signing-in';

interface Begun {
  state: string;
  /** The page's query, with where the browser goes at last. */
  search: string;
}

/**
 * @param grant of a link; null = none
 * @returns where the browser has to go
 * @throws SluiceError `issuer_away`, `issuer_answer`, `link_used`
 */
export async function beginSignIn(grant: string | null, search: string): Promise<string> {
  const { location, state } = await callApi<BegunSignIn>('POST', paths.beginOidc, { grant });
  write({ state, search });
  return location;
}

/** The query with which the issuer has sent the browser back; null = it has not. */
export function returnedIn(search: string): string | null {
  const given = new URLSearchParams(search);
  return given.has('state') && (given.has('code') || given.has('error')) ? search.replace(/^\?/, '') : null;
}

/** Where to go when this page has begun that sign-in, once; null = it has not, as far as it knows. */
export function takeBegun(returned: string): string | null {
  const begun = read();
  if (begun === null || begun.state !== new URLSearchParams(returned).get('state')) return null;
  write(null);
  return begun.search;
}

/** A code that the server put into the address: nobody else's text is shown. */
export function failureIn(failed: string | null): ErrorCode | null {
  return failed !== null && /^(issuer_|too_many_requests$)/.test(failed) && Object.hasOwn(ERRORS, failed)
    ? (failed as ErrorCode)
    : null;
}

function read(): Begun | null {
  try {
    const { state, search } = JSON.parse(localStorage.getItem(KEY) ?? 'null') as Partial<Begun>;
    return typeof state === 'string' && typeof search === 'string' ? { state, search } : null;
  } catch {
    return null;
  }
}

/** Without storage the page asks whether the sign-in is the visitor's. */
function write(begun: Begun | null): void {
  try {
    if (begun === null) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, JSON.stringify(begun));
  } catch {
    // Storage is off in this browser.
  }
}
