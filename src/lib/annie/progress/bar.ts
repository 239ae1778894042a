/** The drawn bar, `[=====>-----]`: more than half of a record, and nothing in it that the numbers do not say. */
import type { Source } from './window.ts';

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

/**
 * Bars of a known grammar and nothing else: lux's fd 2. The end is looked for where the last bar ended, as that is
 * nearly always right, and the inside hardly looked at: walking it instead costs a third of the whole parser's
 * speed.
 */
export class SureBar {
  private length = 0;

  /** From `[` at `i` to past `]`, or `~index` of what does not belong in a bar. */
  skip(b: Uint8Array, i: number, n: number): number {
    const guess = i + this.length;
    if (guess < n && b[guess] === CLOSE) {
      // As `undrawn`, of one byte.
      let wrong = 0;
      for (let k = i + 1; k < guess; k += STRIDE) {
        const c = b[k]!;
        wrong |= ((c & 0xef) - 0x2d) & ~((c >> 4) & 1);
      }
      if (wrong === 0) return guess + 1;
    }
    const end = walk(b, i);
    if (end > 0) this.length = end - 1 - i;
    return end;
  }
}

/** Bars among other text: annie's fd 1. Where the last one ended is tried too, but every byte is looked at. */
export class Bar {
  private length = 0;

  /** From `[` at `i` to past `]`, or `~index` of what does not belong in a bar. */
  skip({ bytes, view }: Source, i: number, n: number): number {
    const guess = i + this.length;
    if (this.length > 4 && guess < n && bytes[guess] === CLOSE) {
      // Four bytes at a time and no branch on what they are: 17 ns for 48, a walk takes 30. The last four may
      // overlap those before.
      let wrong = undrawn(view.getInt32(guess - 4, true));
      for (let k = i + 1; k < guess - 4; k += 4) wrong |= undrawn(view.getInt32(k, true));
      if (wrong === 0) return guess + 1;
    }
    const end = walk(bytes, i);
    if (end > 0) this.length = end - 1 - i;
    return end;
  }
}

function walk(b: Uint8Array, i: number): number {
  i++;
  while (isDrawn(b[i]!)) i++;
  return b[i] === CLOSE ? i + 1 : ~i;
}

function isDrawn(c: number): boolean {
  return c === EQUALS || c === MINUS || c === GREATER;
}

/**
 * `isDrawn` of four bytes: 0 when it holds for all. `-` is 0x2d, `=` is 0x3d and `>` is 0x3e: without bit 4 they
 * are 0x2d or one more, and one more only where bit 4 was set (0x2e is a dot).
 */
function undrawn(four: number): number {
  const more = (four & 0xefefefef) - 0x2d2d2d2d;
  return more & ~((four >> 4) & 0x01010101);
}
