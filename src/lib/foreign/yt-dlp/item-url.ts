/**
 * One of several videos on a page that has no address of its own: the page's address with the video's number in the
 * fragment, which no server is ever sent.
 */
const KEY = 'sluice-item';
const MARK = new RegExp(`[#&]${KEY}=(\\d{1,6})$`);

export function withItem(pageUrl: string, number: number): string {
  const { url } = splitItem(pageUrl);
  return `${url}${url.includes('#') ? '&' : '#'}${KEY}=${number}`;
}

/** The page's own address and the number in it; 1 where there is none. */
export function splitItem(url: string): { url: string; number: number } {
  const match = MARK.exec(url);
  if (!match) return { url, number: 1 };
  return { url: url.slice(0, match.index), number: Math.max(1, Number(match[1])) };
}
