import { readAddresses } from './addresses.ts';

/** Parameter names from `share_target` in the web manifest; apps put the address into any of the three. */
const NAMES = ['url', 'text', 'title'];

/** The addresses that another app shares through the page's query; null if nothing is shared. */
export function readShared(query: URLSearchParams): string[] | null {
  const shared = NAMES.map((name) => query.get(name));
  if (shared.every((text) => text === null)) return null;
  return readAddresses(shared.join('\n')).addresses.map(({ url }) => url);
}
