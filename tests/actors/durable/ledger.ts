import type { DurableContext } from '../../../src/lib/actors/durable/types.ts';

/** An object whose rows must be consistent, for processes that are killed while they write. */
export class Ledger {
  readonly #ctx: DurableContext;

  constructor(ctx: DurableContext) {
    this.#ctx = ctx;
  }

  /** Writes two rows: the entry, and the number of entries. */
  enter(number: number): number {
    const { kv } = this.#ctx.storage;
    kv.put(`entry/${String(number).padStart(8, '0')}`, {
      number,
      filler: 'x'.repeat(number % 3000),
    });
    kv.put('total', (kv.get<number>('total') ?? 0) + 1);
    return number;
  }
}
