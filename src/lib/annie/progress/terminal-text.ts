/** A segment as a terminal shows it: without colour codes and the `^C` of a key press, with the way back. */
import { type Source, viewOf } from './window.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const ESC = 27;
const OPEN = 91;

const CARET = 94;
const LETTER_C = 67;
/** The zero at the end, and what a read of 8 bytes that begins there may touch. */
const SLACK_BYTES = 16;

export class TerminalText implements Source {
  bytes = Buffer.alloc(256 + SLACK_BYTES);
  view = viewOf(this.bytes);
  generation = 0;
  private raw = new Int32Array(256 + SLACK_BYTES);

  /** Takes `source[start, n)`; returns how many bytes are shown, then in `bytes`, followed by a zero. */
  set(source: Buffer, start: number, n: number): number {
    this.generation++;
    if (n - start + SLACK_BYTES > this.bytes.length) {
      this.bytes = Buffer.alloc(n - start + SLACK_BYTES);
      this.view = viewOf(this.bytes);
      this.raw = new Int32Array(this.bytes.length);
    }
    let shown = 0;
    for (let i = start; i < n; i++) {
      const c = source[i]!;
      if (c === ESC && source[i + 1] === OPEN) {
        i += 2;
        // Parameters and intermediates, up to the final byte.
        while (i < n && source[i]! < 64) i++;
      } else if (c === CARET && source[i + 1] === LETTER_C && i + 2 === n) {
        break;
      } else {
        this.raw[shown] = i;
        this.bytes[shown++] = c;
      }
    }
    this.bytes[shown] = 0;
    return shown;
  }

  /** Index in the source just past the shown byte `end - 1`. */
  rawEnd(end: number): number {
    return this.raw[end - 1]! + 1;
  }
}
