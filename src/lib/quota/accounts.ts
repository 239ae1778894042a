/** What is remembered of owners or of lists: bounded, the longest idle are forgotten first. */
import { Bucket, type Rate } from './bucket.ts';
import type { HeldKind, RateKind } from './limits.ts';

export class Account {
  /** Absent = full. */
  readonly #buckets = new Map<RateKind, Bucket>();
  readonly #held = new Map<HeldKind, number>();

  bucket(kind: RateKind, rate: Rate, now: number): Bucket {
    let bucket = this.#buckets.get(kind);
    // What an owner may use can be changed: from then on it is as if nothing were used.
    if (bucket === undefined || !bucket.hasRate(rate)) bucket = new Bucket(rate, now);
    this.#buckets.set(kind, bucket);
    return bucket;
  }

  held(kind: HeldKind): number {
    return this.#held.get(kind) ?? 0;
  }

  add(kind: HeldKind, count: 1 | -1): void {
    const held = this.held(kind) + count;
    if (held === 0) this.#held.delete(kind);
    else this.#held.set(kind, held);
  }

  get holdsNothing(): boolean {
    return this.#held.size === 0;
  }
}

export class Accounts {
  readonly #max: number;
  /** The longest idle first. */
  readonly #byName = new Map<string, Account>();

  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#byName.size;
  }

  of(name: string): Account {
    const account = this.#byName.get(name) ?? new Account();
    this.#byName.delete(name);
    this.#byName.set(name, account);
    if (this.#byName.size > this.#max) this.#forgetIdlest();
    return account;
  }

  /** One that holds something has to be remembered: what all hold is limited, and less than these. */
  #forgetIdlest(): void {
    for (let others = this.#byName.size - 1; others > 0; others--) {
      const [name, account] = this.#byName.entries().next().value!;
      this.#byName.delete(name);
      if (account.holdsNothing) return;
      this.#byName.set(name, account);
    }
  }
}
