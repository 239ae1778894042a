/**
 * The Referer of a request for what was found on a page: `strict-origin-when-cross-origin`, the default of browsers
 * (https://www.w3.org/TR/referrer-policy/#referrer-policy-strict-origin-when-cross-origin). Pure.
 */
export function refererFor(page: URL, target: URL): string | null {
  if (page.protocol === 'https:' && target.protocol !== 'https:') return null;
  return page.origin === target.origin ? (page.href.split('#', 1)[0] ?? null) : `${page.origin}/`;
}
