/**
 * One record of cheggaaa/pb v1 as annie set it up, with the bar when there is a terminal to take a width from:
 *
 *      0 B / 14.89 MiB [------------------------------------------]   0.00%
 *      2.93 MiB / 14.89 MiB   19.67% 200.21 KiB/s 00m56s
 *      4.00 MiB / ?
 *
 * Speed and time come and go, so only what follows the record says that it is whole.
 */
import { Bar } from './bar.ts';
import { readDuration, readPbSize } from './numbers.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const DOT = 46;
const NINE = 57;
const OPEN = 91;
const PERCENT_SIGN = 37;
const QUESTION = 63;
const SLASH = 47;
const SPACE = 32;
const ZERO = 48;
const ETA = 5;
const PERCENT = 1;
const RECEIVED = 2;
const SPEED = 4;
const TOTAL = 3;

const LETTER_S = 115;

export class Pb1Reader {
  private readonly bar = new Bar();

  /** Returns the index after the record that begins at `i`, or `~index` of the byte that does not fit. */
  read(b: Uint8Array, i: number, n: number, out: Float64Array): number {
    if (b[i] !== SPACE) return ~i;
    i = readPbSize(b, i + 1, out, RECEIVED);
    if (i < 0) return i;
    if (b[i] !== SPACE) return ~i;
    if (b[++i] !== SLASH) return ~i;
    if (b[++i] !== SPACE) return ~i;
    if (b[++i] === QUESTION) {
      out[TOTAL] = NaN;
      i++;
    } else {
      i = readPbSize(b, i, out, TOTAL);
      if (i < 0) return i;
    }
    const unknown = Number.isNaN(out[TOTAL]!);
    let end = i;

    if (b[i] === SPACE && b[i + 1] === OPEN) {
      i = this.bar.skip(b, i + 1, n);
      if (i < 0) return i;
      end = i;
    }

    let hundredths = NaN;
    if (!unknown) {
      if (b[i] !== SPACE) return ~i;
      while (b[++i] === SPACE);
      let c = b[i]!;
      if (!(c >= ZERO && c <= NINE)) return ~i;
      hundredths = c - ZERO;
      while ((c = b[++i]!) >= ZERO && c <= NINE) hundredths = hundredths * 10 + (c - ZERO);
      if (c !== DOT) return ~i;
      c = b[++i]!;
      if (!(c >= ZERO && c <= NINE)) return ~i;
      hundredths = hundredths * 10 + (c - ZERO);
      c = b[++i]!;
      if (!(c >= ZERO && c <= NINE)) return ~i;
      hundredths = hundredths * 10 + (c - ZERO);
      if (b[++i] !== PERCENT_SIGN) return ~i;
      end = ++i;
    }
    out[PERCENT] = hundredths / 100;
    out[SPEED] = NaN;
    out[ETA] = NaN;

    while (b[i] === SPACE) i++;
    if (b[i]! >= ZERO && b[i]! <= NINE) {
      // A speed has a dot or a blank after its digits, a time has a letter.
      i = readPbSize(b, i, out, SPEED);
      if (i >= 0) {
        if (b[i] !== SLASH) return ~i;
        if (b[++i] !== LETTER_S) return ~i;
        end = ++i;
        while (b[i] === SPACE) i++;
      } else {
        out[SPEED] = NaN;
        i = end;
        while (b[i] === SPACE) i++;
      }
      if (b[i]! >= ZERO && b[i]! <= NINE) {
        i = readDuration(b, i, out, ETA, true);
        if (i < 0) return i;
        end = i;
      }
    }
    // The last record's time is elapsed time; without a total there is no time left to speak of.
    if (hundredths >= 10_000) out[ETA] = 0;
    else if (unknown) out[ETA] = NaN;
    return end;
  }
}
