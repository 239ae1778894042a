/** The owner that used each list last. The first write to a list stores it with the list; until then it is known here alone. */
import { dropOldest } from '../protocol/drop-oldest.ts';

/** 100 bytes each. */
const MAX_LISTS = 10_000;

export class ListOwners {
  /** The one noted longest ago comes first. */
  readonly #owners = new Map<string, string>();
  /** Of lists with open sockets, whose messages do not say again who uses them: never forgotten. */
  readonly #open = new Map<string, { owner: string; sockets: number }>();

  record(list: string, owner: string): void {
    this.#owners.delete(list);
    this.#owners.set(list, owner);
    dropOldest(this.#owners, MAX_LISTS);
  }

  /** Of a socket: as `record`. @returns to be called once it is closed */
  hold(list: string, owner: string): () => void {
    this.record(list, owner);
    const { sockets } = this.#open.get(list) ?? { sockets: 0 };
    this.#open.set(list, { owner, sockets: sockets + 1 });
    return () => {
      const open = this.#open.get(list);
      if (open !== undefined && --open.sockets === 0) this.#open.delete(list);
    };
  }

  /** null = not used in this process, or long ago. */
  of(list: string): string | null {
    return this.#owners.get(list) ?? this.#open.get(list)?.owner ?? null;
  }
}
