/**
 * Addresses for videos without their own page: the address of the page with the video's number in the fragment, which is
 * never sent to a server.
 */
const KEY = 'sluice-item';
const MARK = new RegExp(`[#&]${KEY}=(\\d{1,6})$`);

export function withItem(pageUrl: string, number: number): string {
  const { url } = splitItem(pageUrl);
  return `${url}${url.includes('#') ? '&' : '#'}${KEY}=${number}`;
}

/** The address of the page and the number, 1 if there is none. */
export function splitItem(url: string): { url: string; number: number } {
  const match = MARK.exec(url);
  if (!match) return { url, number: 1 };
  return { url: url.slice(0, match.index), number: Math.max(1, Number(match[1])) };
}
