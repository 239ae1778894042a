import { parseUrl } from '../protocol/url.ts';
import { MAX_RESOLVED_CHARS } from './limits.ts';

/**
 * Resolves the addresses of one text. With a base of 8 kB a few bytes of text make an address of 8 kB, so the total cost of
 * all of them is bounded.
 */
export class AddressResolver {
  base: URL;
  #left: number;

  constructor(base: URL, budget = MAX_RESOLVED_CHARS) {
    this.base = base;
    this.#left = budget;
  }

  /** The budget is spent: nothing more is resolved. */
  get isExhausted(): boolean {
    return this.#left <= 0;
  }

  /** Null for an invalid address, for one of more than 8,192 characters, and once the budget is spent. */
  resolve(text: string): URL | null {
    if (this.isExhausted) return null;
    this.#left -= this.base.href.length + text.length;
    return parseUrl(text, this.base);
  }
}
