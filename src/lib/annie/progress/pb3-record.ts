/**
 * One record of cheggaaa/pb v3 as lux sets it up:
 *
 *     1.57 MiB / 14.89 MiB [=====>------------] 2.01 MiB p/s 10.56% 6s
 *     9.34 MiB [------------------------------] 5.74 MiB p/s ?% -1s
 *
 * It is complete at the `s` or `?` of its time, the only thing that parts it from the next.
 */
import { SureBar } from './bar.ts';
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

const LETTER_P = 112;
const LETTER_S = 115;

export class Pb3Reader {
  private readonly bar = new SureBar();

  /** Returns the index after the record that begins at `i`, or `~index` of the byte that does not fit. */
  read(b: Uint8Array, i: number, n: number, out: Float64Array): number {
    // The three sizes go through one call in a loop, as V8 puts that in line; three calls took 5 ns each.
    let slot = RECEIVED;
    for (;;) {
      i = readPbSize(b, i, out, slot);
      if (i < 0) return i;
      if (b[i] !== SPACE) return ~i;
      i++;
      if (slot === SPEED) break;
      if (slot === RECEIVED) {
        if (b[i] === SLASH) {
          if (b[++i] !== SPACE) return ~i;
          i++;
          slot = TOTAL;
          continue;
        }
        out[TOTAL] = NaN;
      }
      if (b[i] !== OPEN) return ~i;
      i = this.bar.skip(b, i, n);
      if (i < 0) return i;
      if (b[i] !== SPACE) return ~i;
      i++;
      slot = SPEED;
      if (b[i] === QUESTION) {
        out[SPEED] = NaN;
        if (b[++i] !== SPACE) return ~i;
        i++;
        break;
      }
    }
    if (b[i] !== LETTER_P) return ~i;
    if (b[++i] !== SLASH) return ~i;
    if (b[++i] !== LETTER_S) return ~i;
    if (b[++i] !== SPACE) return ~i;

    let c = b[++i]!;
    let hundredths = NaN;
    if (c === QUESTION) {
      i++;
    } else {
      if (!(c >= ZERO && c <= NINE)) return ~i;
      hundredths = c - ZERO;
      while (((c = b[++i]!) - ZERO) >>> 0 < 10) hundredths = hundredths * 10 + (c - ZERO);
      if (c !== DOT) return ~i;
      c = b[++i]!;
      if ((c - ZERO) >>> 0 > 9) return ~i;
      hundredths = hundredths * 10 + (c - ZERO);
      c = b[++i]!;
      if ((c - ZERO) >>> 0 > 9) return ~i;
      hundredths = hundredths * 10 + (c - ZERO);
      i++;
    }
    out[PERCENT] = hundredths / 100;
    if (b[i] !== PERCENT_SIGN) return ~i;
    if (b[++i] !== SPACE) return ~i;

    if (b[++i] === QUESTION) {
      out[ETA] = NaN;
      i++;
    } else {
      i = readDuration(b, i, out, ETA, false);
      if (i < 0) return i;
    }
    // The last record's time is elapsed time; without a total there is no time left to speak of.
    if (hundredths >= 10_000) out[ETA] = 0;
    else if (Number.isNaN(out[TOTAL]!)) out[ETA] = NaN;
    return i;
  }
}
