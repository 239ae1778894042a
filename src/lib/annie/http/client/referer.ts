/**
 * The Referer of a request for what was found on a page
 * (https://www.w3.org/TR/referrer-policy/#determine-requests-referrer). Pure.
 */
import type { ReferrerPolicy } from '../../../protocol/referrer-policy.ts';

/** Of pages that say nothing (#default-referrer-policy). */
export const DEFAULT_POLICY: ReferrerPolicy = 'strict-origin-when-cross-origin';

/** Longer addresses are cut to their origin (https://w3c.github.io/webappsec-referrer-policy/). */
const MAX_CHARS = 4096;

/** Null = none is sent. */
export function refererFor(page: URL, target: URL, policy: ReferrerPolicy = DEFAULT_POLICY): string | null {
  const origin = `${page.origin}/`;
  const whole = addressOf(page);
  const address = whole.length > MAX_CHARS ? origin : whole;
  const isSame = page.origin === target.origin;
  const isDowngrade = isTrustworthy(page) && !isTrustworthy(target);
  switch (policy) {
    case 'no-referrer':
      return null;
    case 'no-referrer-when-downgrade':
      return isDowngrade ? null : address;
    case 'same-origin':
      return isSame ? address : null;
    case 'origin':
      return origin;
    case 'strict-origin':
      return isDowngrade ? null : origin;
    case 'origin-when-cross-origin':
      return isSame ? address : origin;
    case 'strict-origin-when-cross-origin':
      if (isSame) return address;
      return isDowngrade ? null : origin;
    case 'unsafe-url':
      return address;
  }
}

/** Without a user's name and a fragment (#strip-url). */
function addressOf(page: URL): string {
  const address = new URL(page);
  [address.username, address.password, address.hash] = ['', '', ''];
  return address.href;
}

/** https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy */
function isTrustworthy({ protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true;
  return /^127\.[\d.]+$|^\[::1\]$|^(.+\.)?localhost\.?$/.test(hostname);
}
