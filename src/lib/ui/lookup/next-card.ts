import type { Lookup } from '../state/lookups.svelte.ts';

type Card = Pick<Lookup, 'url'>;

/** Which card gets the focus of a removed one: that of the same address (looked up again), else the next one. */
export function nextCard<T extends Card>(gone: T, before: readonly T[], now: readonly T[]): T | undefined {
  const later = before.slice(before.indexOf(gone) + 1);
  return now.find(({ url }) => url === gone.url) ?? later.find((card) => now.includes(card));
}
