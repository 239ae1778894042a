import type { Lookup } from '../state/lookups.svelte.ts';

type Card = Pick<Lookup, 'url'>;

/**
 * The card that gets the focus of one that went with it: the same address, looked up again, else the next.
 * @returns undefined where there is none
 */
export function followerOf<T extends Card>(gone: T, before: readonly T[], now: readonly T[]): T | undefined {
  const later = before.slice(before.indexOf(gone) + 1);
  return now.find(({ url }) => url === gone.url) ?? later.find((card) => now.includes(card));
}
