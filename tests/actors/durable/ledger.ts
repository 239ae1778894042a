import type { DurableContext } from '../../../src/lib/actors/durable/types.ts';

/** An object whose rows only make sense together, for processes that are killed while they write. */
export class Ledger {
  readonly #ctx: DurableContext;

  constructor(ctx: DurableContext) {
    this.#ctx = ctx;
  }

  /** Two rows: the entry, and how many there are. */
  async enter(number: number): Promise<number> {
    const { storage } = this.#ctx;
    await storage.put(`entry/${String(number).padStart(8, '0')}`, {
      number,
      filler: 'x'.repeat(number % 3000),
    });
    const total = (await storage.get<number>('total')) ?? 0;
    await storage.put('total', total + 1);
    return number;
  }
}
