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
import { readDuration, readPbSize, readPbSizeByWord } from './numbers.ts';
import { Known, type Source } from './window.ts';
import { misfit, wordOf } from './words.ts';

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
/** What follows the dot of a percentage. */
const HUNDREDTHS = wordOf('00%');
/** `/s 00m05s` in three words that overlap. */
const SLASH_S = wordOf('/s ');
const MINUTES = wordOf('00m0');
const SECONDS = wordOf('0s');

export class Pb1Reader {
  /**
   * Counters, bar and percent of the last record: annie prints 100 records a second, and 86 of 100 begin as the
   * last one did.
   */
  private readonly head = new Known();
  private readonly bar = new Bar();

  /** Returns the index after the record that begins at `i`, or `~index` of the byte that does not fit. */
  read(source: Source, i: number, n: number, out: Float64Array): number {
    let end = this.head.again(source, i, n);
    if (end === 0) {
      end = this.readHead(source, i, n, out);
      if (end < 0) return end;
      // Without a total it ends in no percent sign, and might have gone on.
      if (source.bytes[end - 1] === PERCENT_SIGN) this.head.keep(source, i, end);
    }
    return this.readTail(source, end, out);
  }

  /** Up to the percent sign. */
  private readHead(source: Source, i: number, n: number, out: Float64Array): number {
    const b = source.bytes;
    if (b[i] !== SPACE) return ~i;
    i = readPbSize(b, i + 1, out, RECEIVED);
    if (i < 0) return i;
    if (b[i] !== SPACE) return ~i;
    if (b[++i] !== SLASH) return ~i;
    if (b[++i] !== SPACE) return ~i;
    const unknown = b[++i] === QUESTION;
    if (unknown) {
      out[TOTAL] = NaN;
      i++;
    } else {
      i = readPbSize(b, i, out, TOTAL);
      if (i < 0) return i;
    }
    if (b[i] === SPACE && b[i + 1] === OPEN) {
      i = this.bar.skip(source, i + 1, n);
      if (i < 0) return i;
    }
    if (unknown) {
      out[PERCENT] = NaN;
      return i;
    }
    if (b[i] !== SPACE) return ~i;
    while (b[++i] === SPACE);
    let c = b[i]!;
    if (!(c >= ZERO && c <= NINE)) return ~i;
    let hundredths = c - ZERO;
    while (((c = b[++i]!) - ZERO) >>> 0 < 10) hundredths = hundredths * 10 + (c - ZERO);
    if (c !== DOT) return ~i;
    const word = source.view.getInt32(i + 1, true) ^ HUNDREDTHS;
    if (misfit(word, 0xfff0f0) !== 0) return ~i;
    out[PERCENT] = (hundredths * 100 + (word & 15) * 10 + ((word >> 8) & 15)) / 100;
    return i + 4;
  }

  /** Speed and time, each of which may be missing. */
  private readTail(source: Source, i: number, out: Float64Array): number {
    const b = source.bytes;
    let end = i;
    while (b[i] === SPACE) i++;
    // A speed has a dot or a blank after its digits, a time has a letter.
    const unit = b[i]! >= ZERO && b[i]! <= NINE ? readPbSizeByWord(source, i, out, SPEED) : -1;
    const timed = unit > 0 ? readUsualTime(source, unit, out) : 0;
    if (timed > 0) {
      end = timed;
    } else {
      if (unit > 0) {
        if (b[unit] !== SLASH) return ~unit;
        if (b[unit + 1] !== LETTER_S) return ~(unit + 1);
        i = end = unit + 2;
        while (b[i] === SPACE) i++;
      } else {
        out[SPEED] = NaN;
      }
      out[ETA] = NaN;
      if (b[i]! >= ZERO && b[i]! <= NINE) {
        i = readDuration(b, i, out, ETA, true);
        if (i < 0) return i;
        end = i;
      }
    }
    // The last record's time is elapsed time; without a total there is no time left to speak of.
    if (out[PERCENT]! >= 100) out[ETA] = 0;
    else if (Number.isNaN(out[TOTAL]!)) out[ETA] = NaN;
    return end;
  }
}

/** `/s 00m05s`, which nearly always follows the number of the speed. The index after it, or 0. */
function readUsualTime({ view }: Source, i: number, out: Float64Array): number {
  const mark = view.getInt32(i, true) ^ SLASH_S;
  const minutes = view.getInt32(i + 3, true) ^ MINUTES;
  const seconds = view.getInt16(i + 7, true) ^ SECONDS;
  if ((misfit(mark, 0xffffff) | misfit(minutes, 0xf0fff0f0) | misfit(seconds, 0xfff0)) !== 0) return 0;
  out[ETA] = (minutes & 15) * 600 + ((minutes >> 8) & 15) * 60 + ((minutes >> 24) & 15) * 10 + (seconds & 15);
  return i + 9;
}
