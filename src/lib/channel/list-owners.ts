/** The owner that used each list last. The first write to a list stores it with the list; until then it is known here alone. */
import { dropOldest } from '../protocol/drop-oldest.ts';

/** 100 bytes each. */
const MAX_LISTS = 10_000;

export class ListOwners {
  /** The one noted longest ago comes first. */
  readonly #owners = new Map<string, string>();

  note(list: string, owner: string): void {
    this.#owners.delete(list);
    this.#owners.set(list, owner);
    dropOldest(this.#owners, MAX_LISTS);
  }

  /** null = not used in this process, or long ago. */
  of(list: string): string | null {
    return this.#owners.get(list) ?? null;
  }
}
