/** An address without its origin; empty for the front page. */
export function pathOf(url: string): string {
  const { pathname = '', search = '', hash = '' } = URL.parse(url) ?? {};
  const path = pathname + search + hash;
  return path === '/' ? '' : path;
}
