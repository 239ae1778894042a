/** What tells the addresses of one host apart; empty for its front page. */
export function pathOf(url: string): string {
  const { pathname = '', search = '', hash = '' } = URL.parse(url) ?? {};
  const path = pathname + search + hash;
  return path === '/' ? '' : path;
}
