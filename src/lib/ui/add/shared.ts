import { readAddresses } from './addresses.ts';

/** As the manifest's `share_target` names them; apps put the address into any of the three. */
const NAMES = ['url', 'text', 'title'];

/** The addresses that another app shares with the page, in the page's own query; null where nothing is shared. */
export function readShared(query: URLSearchParams): string[] | null {
  const shared = NAMES.map((name) => query.get(name));
  if (shared.every((text) => text === null)) return null;
  return readAddresses(shared.join('\n')).urls;
}
