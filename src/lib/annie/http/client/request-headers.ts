const USER_AGENT = 'Mozilla/5.0 (compatible; Sluice/0.1)';

/**
 * The header fields of every request of this engine, on the fast path and elsewhere.
 * @param own of this request, as `range`
 */
export function requestHeaders(own: Record<string, string> = {}): Record<string, string> {
  return { 'user-agent': USER_AGENT, accept: '*/*', 'accept-encoding': 'identity', ...own };
}
