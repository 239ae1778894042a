/** Ids of items that are unique in one listing. Sites repeat them (a video twice in a list) or leave them empty (a feed). */
import type { MediaItem } from './media.ts';

export class UniqueIds {
  /** How often an id came. */
  readonly #counts = new Map<string, number>();

  /** The same items in the same order get the same ids. A stream whose id came before in its item is left out. */
  assign(items: readonly MediaItem[]): MediaItem[] {
    return items.map((item) => {
      const ids = new Set<string>();
      const streams = item.streams.filter(({ id }) => !ids.has(id) && ids.add(id));
      return { ...item, id: this.#unique(item.id), streams };
    });
  }

  #unique(id: string): string {
    const count = (this.#counts.get(id) ?? 0) + 1;
    this.#counts.set(id, count);
    if (count === 1 && id !== '') return id;
    // another item may have that id
    return this.#unique(`${id}#${count}`);
  }
}
