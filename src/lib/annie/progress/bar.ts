/** The drawn bar, `[=====>-----]`: more than half of a record, and nothing in it that the numbers do not say. */

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const CLOSE = 93;
const MINUS = 45;

const EQUALS = 61;
const GREATER = 62;
/**
 * After a bar's `]` come at least 11 bytes in a row that no bar is drawn with (`] ? p/s ?% ` of lux, 12 of annie),
 * so looking at each eleventh byte finds out whether two bars were taken for one.
 */
const STRIDE = 11;

export class Bar {
  private length = 0;

  /**
   * From `[` at `i` to past `]`, or `~index` of what does not belong in a bar. Its end is looked for where the last
   * one ended, as that is nearly always right: walking instead costs a third of the whole parser's speed.
   */
  skip(b: Uint8Array, i: number, n: number): number {
    const guess = i + this.length;
    if (guess < n && b[guess] === CLOSE) {
      let k = i + 1;
      while (k < guess && isDrawn(b[k]!)) k += STRIDE;
      if (k >= guess) return guess + 1;
    }
    let k = i + 1;
    while (isDrawn(b[k]!)) k++;
    if (b[k] !== CLOSE) return ~k;
    this.length = k - i;
    return k + 1;
  }
}

function isDrawn(c: number): boolean {
  return c === EQUALS || c === MINUS || c === GREATER;
}
