/** What the requests of one job have in common. */
import type { ReferrerPolicy } from '../../../protocol/referrer-policy.ts';
import type { Cookies } from './cookies.server.ts';
import { DEFAULT_POLICY, refererFor } from './referer.ts';

/** Header fields for a request to an address, by names in lower case; those of its origin alone. */
export interface SignIns {
  /** @throws SluiceError `secret_unreadable` */
  headersFor(url: URL): Record<string, string>;
}

export interface ClientContext {
  cookies: Cookies | null;
  /** How the list signs in to sites; null = it does not. */
  signIns: SignIns | null;
  /** The page on which the addresses were found. */
  page: URL | null;
  /** What the Referer says of it. */
  policy: ReferrerPolicy;
  /** Its head must come within a time: other requests, or somebody with a list before them, wait for this one. */
  hasHeadTimeout: boolean;
  /** Called when a request begins to wait for its head, and when that ends; not if it has a timeout for that. */
  onWaiting: (isWaiting: boolean) => void;
}

export const NO_CONTEXT: ClientContext = {
  ...{ cookies: null, signIns: null, page: null, policy: DEFAULT_POLICY, hasHeadTimeout: false },
  onWaiting: () => undefined,
};

/** Cookie, Referer and sign-in of a request. */
export function headersOf(
  { cookies, signIns, page, policy }: ClientContext,
  url: URL,
): Record<string, string> {
  const cookie = cookies?.headerFor(url) ?? null;
  const referer = page === null ? null : refererFor(page, url, policy);
  const signIn = signIns?.headersFor(url);
  return { ...signIn, ...(cookie === null ? {} : { cookie }), ...(referer === null ? {} : { referer }) };
}
