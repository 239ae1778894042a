/** Links that an operator gives to one person, under `i/HASH`: see `channel/people/invitations.ts`. */
import { SluiceError } from '../../protocol/error.ts';
import type { DirectoryRows, Invitation } from './rows.ts';

export class Invitations {
  readonly #rows: DirectoryRows;
  readonly #now: () => number;

  constructor(rows: DirectoryRows, now: () => number) {
    this.#rows = rows;
    this.#now = now;
  }

  /** In place of an earlier one for the same person. */
  add(hash: string, person: string | null, expiresAt: number): void {
    for (const [key, earlier] of this.#rows.kv.list<Invitation>({ prefix: 'i/' }))
      if (earlier.person === person || earlier.expiresAt <= this.#now()) this.#rows.kv.delete(key);
    this.#rows.kv.put(`i/${hash}`, { person, expiresAt } satisfies Invitation);
  }

  /** @throws SluiceError `link_used` */
  read(hash: string): Invitation {
    const found = this.#rows.kv.get<Invitation>(`i/${hash}`);
    const isFor = (person: string | null): boolean =>
      person === null ? this.#rows.all().length === 0 : this.#rows.staying(person) !== null;
    if (found === undefined || found.expiresAt <= this.#now() || !isFor(found.person))
      throw new SluiceError('link_used');
    return found;
  }

  /** Those for a person. */
  withdraw(person: string): void {
    for (const [key, of] of this.#rows.kv.list<Invitation>({ prefix: 'i/' }))
      if (of.person === person) this.#rows.kv.delete(key);
  }

  useUp(hash: string): void {
    this.#rows.kv.delete(`i/${hash}`);
  }
}
