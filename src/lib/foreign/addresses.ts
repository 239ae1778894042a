import { parseUrl } from '../protocol/url.ts';
import { MAX_RESOLVED_CHARS } from './limits.ts';

/**
 * Resolves the addresses of one text. A few bytes of text can be an address of 8 kB when the base is one, so what all of
 * them together may cost is bounded, whatever their number is.
 */
export class Addresses {
  base: URL;
  #left: number;

  constructor(base: URL, budget = MAX_RESOLVED_CHARS) {
    this.base = base;
    this.#left = budget;
  }

  /** No more is resolved. */
  get spent(): boolean {
    return this.#left <= 0;
  }

  /** Null for what is no address, for one of more than 8,192 characters, and once the budget is spent. */
  resolve(text: string): URL | null {
    if (this.spent) return null;
    this.#left -= this.base.href.length + text.length;
    return parseUrl(text, this.base);
  }
}
