/** A segment as a terminal shows it: without colour codes and the `^C` of a key press, with the way back. */

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const ESC = 27;
const OPEN = 91;

const CARET = 94;
const LETTER_C = 67;

export class TerminalText {
  bytes = new Uint8Array(256);
  private raw = new Int32Array(256);

  /** Takes `source[start, n)`; returns how many bytes are shown, then in `bytes`, followed by a zero. */
  set(source: Uint8Array, start: number, n: number): number {
    if (n >= this.bytes.length) {
      this.bytes = new Uint8Array(n + 1);
      this.raw = new Int32Array(n + 1);
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
