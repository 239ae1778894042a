/** `5; url=…`, of a meta element or the Refresh field (https://html.spec.whatwg.org/#shared-declarative-refresh-steps). Pure. */

/** Later ones reload what somebody reads. */
const MAX_SECONDS = 30;

/** The address as it is written; null = there is none, or it comes too late. */
export function refreshTarget(text: string): string | null {
  const match = /^(\d{0,9})(?:\.[\d.]*)?\s*(?:[;,]|\s)\s*(.*)$/s.exec(text.trim());
  if (!match || Number(match[1]) > MAX_SECONDS) return null;
  const [, , rest = ''] = match;
  const address = rest.replace(/^url\s*=\s*/i, '');
  const quote = address[0];
  if (quote !== '"' && quote !== "'") return address.trim() || null;
  return address.slice(1).split(quote, 1)[0]?.trim() || null;
}
