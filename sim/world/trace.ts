/** What happened, in order: a hash of all of it, and the last lines for people. */

export class Trace {
  readonly #kept: number;
  readonly #lines: string[] = [];
  #low = 0x811c9dc5;
  #high = 0x1b873593;

  /** @param kept lines that are kept; 0 = only the hash */
  constructor(kept: number) {
    this.#kept = kept;
  }

  add(atMs: number, what: string): void {
    const line = `${atMs.toFixed(3)} ${what}`;
    let low = this.#low;
    let high = this.#high;
    for (let i = 0; i < line.length; i++) {
      const code = line.charCodeAt(i);
      low = Math.imul(low ^ code, 0x01000193);
      high = Math.imul(high ^ code, 0x85ebca6b);
      high ^= high >>> 13;
    }
    this.#low = low;
    this.#high = high;
    if (this.#kept === 0) return;
    this.#lines.push(line);
    if (this.#lines.length > 2 * this.#kept) this.#lines.splice(0, this.#kept);
  }

  /** 16 hex digits. */
  get hash(): string {
    return [this.#low, this.#high].map((part) => (part >>> 0).toString(16).padStart(8, '0')).join('');
  }

  get lines(): readonly string[] {
    return this.#lines.slice(-this.#kept);
  }
}
