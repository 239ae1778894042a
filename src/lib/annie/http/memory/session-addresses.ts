/**
 * What is remembered of addresses, for each session by itself. When there is too much, the session that has most loses its
 * oldest: none can make what others have be forgotten. Pure.
 */
import { dropOldest } from '../../../protocol/drop-oldest.ts';

export class SessionAddresses<T> {
  readonly #sessions = new Map<string, Map<string, T>>();
  readonly #max: number;
  #size = 0;

  /** @param max addresses of all sessions */
  constructor(max: number) {
    this.#max = max;
  }

  get(session: string | null, address: string): T | undefined {
    return this.#sessions.get(session ?? '')?.get(address);
  }

  /** Makes it the newest of its session. */
  set(session: string | null, address: string, value: T): void {
    const key = session ?? '';
    const known = this.#sessions.get(key) ?? new Map<string, T>();
    this.#sessions.set(key, known);
    if (!known.delete(address)) this.#size++;
    known.set(address, value);
    if (this.#size > this.#max) this.#dropOne();
  }

  #dropOne(): void {
    let [most, largest] = ['', new Map<string, T>()];
    for (const [session, known] of this.#sessions)
      if (known.size > largest.size) [most, largest] = [session, known];
    dropOldest(largest, largest.size - 1);
    this.#size--;
    if (largest.size === 0) this.#sessions.delete(most);
  }
}
