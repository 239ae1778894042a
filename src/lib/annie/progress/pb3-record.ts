/**
 * One record of cheggaaa/pb v3 as lux sets it up:
 *
 *     1.57 MiB / 14.89 MiB [=====>------------] 2.01 MiB p/s 10.56% 6s
 *     9.34 MiB [------------------------------] 5.74 MiB p/s ?% -1s
 *
 * It is complete at the `s` or `?` of its time, the only thing that parts it from the next.
 */
import { digitAt, NumberSlot, readDuration, readPbSize } from './pb-numbers.ts';
import type { ProgressRecord } from './sample.ts';

// Constants of the file's own: V8 folds them into the code, imported ones it loads each time.
const DOT = 46;
const OPEN = 91;
const CLOSE = 93;
const EQUALS = 61;
const GREATER = 62;
const MINUS = 45;
const PERCENT_SIGN = 37;
const QUESTION = 63;
const SLASH = 47;
const SPACE = 32;
const LOWER_P = 112;
const LOWER_S = 115;

/** Bytes: far over the widest terminal. What is longer is no record. */
export const LONGEST_RECORD = 1024;

/**
 * After a bar's `]` come at least 11 bytes in a row that no bar is drawn with (`] ? p/s ?% `), so looking at each
 * eleventh byte finds out whether two bars were taken for one.
 */
const STRIDE = 11;

export class Pb3Reader {
  readonly #record: ProgressRecord;
  readonly #number = new NumberSlot();
  #barLength = 0;

  constructor(record: ProgressRecord) {
    this.#record = record;
  }

  /** Reads the record at `i`. Returns the index after it, or `~index` of the byte that does not fit. */
  read(b: Uint8Array, i: number, n: number): number {
    i = this.#readSizes(b, i, n);
    if (i < 0) return i;
    if (b[i] !== LOWER_P) return ~i;
    if (b[++i] !== SLASH) return ~i;
    if (b[++i] !== LOWER_S) return ~i;
    if (b[++i] !== SPACE) return ~i;
    const record = this.#record;
    // Not by `readPercent`: with it lux was read at 0.81 of the byte loop instead of 0.83.
    let hundredths = NaN;
    if (b[++i] === QUESTION) {
      i++;
    } else {
      hundredths = digitAt(b, i);
      if (hundredths > 9) return ~i;
      let digit: number;
      while ((digit = digitAt(b, ++i)) < 10) hundredths = hundredths * 10 + digit;
      if (b[i] !== DOT) return ~i;
      if ((digit = digitAt(b, ++i)) > 9) return ~i;
      hundredths = hundredths * 10 + digit;
      if ((digit = digitAt(b, ++i)) > 9) return ~i;
      hundredths = hundredths * 10 + digit;
      i++;
    }
    record.percent = hundredths / 100;
    if (b[i] !== PERCENT_SIGN) return ~i;
    i++;
    if (b[i] !== SPACE) return ~i;
    const number = this.#number;
    if (b[++i] === QUESTION) {
      number.value = NaN;
      i++;
    } else {
      i = readDuration(b, i, number);
      if (i < 0) return i;
    }
    // The last record's time is elapsed time; without a total there is no time left.
    if (record.percent >= 100) record.etaSeconds = 0;
    else record.etaSeconds = Number.isNaN(record.totalBytes) ? NaN : number.value;
    return i;
  }

  /** What was received, the total if there is one, the bar, the speed, and the space after it. */
  #readSizes(b: Uint8Array, i: number, n: number): number {
    const record = this.#record;
    const number = this.#number;
    let received = NaN;
    let total = NaN;
    // One call in a loop reads the three sizes: V8 puts that in line, three calls it does not (5 ns each).
    for (let part: 'received' | 'total' | 'speed' = 'received'; ;) {
      i = readPbSize(b, i, number);
      if (i < 0) return i;
      if (b[i] !== SPACE) return ~i;
      i++;
      if (part === 'speed') break;
      if (part === 'received') {
        received = number.value;
        if (b[i] === SLASH) {
          if (b[++i] !== SPACE) return ~i;
          i++;
          part = 'total';
          continue;
        }
      } else {
        total = number.value;
      }
      if (b[i] !== OPEN) return ~i;
      i = this.#skipBar(b, i, n);
      if (i < 0) return i;
      if (b[i] !== SPACE) return ~i;
      i++;
      part = 'speed';
      if (b[i] === QUESTION) {
        number.value = NaN;
        if (b[++i] !== SPACE) return ~i;
        i++;
        break;
      }
    }
    record.receivedBytes = received;
    record.totalBytes = total;
    record.bytesPerSecond = number.value;
    return i;
  }

  /**
   * From `[` at `i` to past `]`. The end is tried where the last bar ended, which is nearly always right, and of the
   * inside only a few bytes are checked: walking it takes a third of the whole reader's speed.
   */
  #skipBar(b: Uint8Array, i: number, n: number): number {
    const guess = i + this.#barLength;
    if (guess < n && b[guess] === CLOSE) {
      // `-` is 0x2d, `=` 0x3d, `>` 0x3e: without bit 4 they are 0x2d, or 0x2e where bit 4 was set. No branch on each.
      let wrong = 0;
      for (let k = i + 1; k < guess; k += STRIDE) {
        const c = b[k]!;
        wrong |= ((c & 0xef) - 0x2d) & ~((c >> 4) & 1);
      }
      if (wrong === 0) return guess + 1;
    }
    const end = barEnd(b, i);
    if (end - i > LONGEST_RECORD) return ~i;
    if (end > 0) this.#barLength = end - 1 - i;
    return end;
  }
}

/** From `[` at `i` to past `]`, or `~index` of what does not belong in a bar. */
export function barEnd(b: Uint8Array, i: number): number {
  let c = b[++i];
  while (c === EQUALS || c === MINUS || c === GREATER) c = b[++i];
  return c === CLOSE ? i + 1 : ~i;
}
