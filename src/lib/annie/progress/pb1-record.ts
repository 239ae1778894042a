/**
 * One record of cheggaaa/pb v1 as annie sets it up, with the bar when a terminal gives it a width:
 *
 *      0 B / 14.89 MiB [------------------------------------------]   0.00%
 *      2.93 MiB / 14.89 MiB   19.67% 200.21 KiB/s 00m56s
 *      4.00 MiB / ?
 *
 * Speed and time come and go, so only what follows the record says that it is whole.
 */
import { digitAt, NumberSlot, readDuration, readPbSize, readPercent } from './pb-numbers.ts';
import { barEnd } from './pb3-record.ts';
import type { ProgressRecord } from './sample.ts';
import type { Window } from './window.ts';

// Constants of the file's own: V8 folds them into the code, imported ones it loads each time.
const OPEN = 91;
const QUESTION = 63;
const SLASH = 47;
const SPACE = 32;
const LOWER_S = 115;

/** `/s 00m05s` */
const TIME_BYTES = 9;

export class Pb1Reader {
  readonly #record: ProgressRecord;
  readonly #window: Window;
  readonly #number = new NumberSlot();
  /** Where counters, bar and percent of the last record stand in the window; length 0 = nowhere. */
  #headAt = 0;
  #headLength = 0;
  /** Where `/s 00m05s` of the last record stands, and what it says; 0 = nowhere. */
  #timeAt = 0;
  #secondsLeft = NaN;

  constructor(record: ProgressRecord, window: Window) {
    this.#record = record;
    this.#window = window;
  }

  /** Reads the record at `i` of the window. Returns the index after it, or `~index` of the byte that does not fit. */
  read(i: number, n: number): number {
    const end = this.#isHead(i, n) ? i + this.#headLength : this.#readHead(i);
    return end < 0 ? end : this.#readTail(end);
  }

  /** To be called when the window's bytes move. */
  forget(): void {
    this.#headLength = 0;
    this.#timeAt = 0;
  }

  /**
   * Whether the last record's head stands at `i` again: annie prints 100 records a second, and 86 of 100 begin as the
   * last one did, so its numbers are in the record already. Eight bytes are compared at once, as doubles: those are
   * equal only when their bytes are, but for the two zeros, which no text is.
   */
  #isHead(i: number, n: number): boolean {
    const headAt = this.#headAt;
    const headLength = this.#headLength;
    if (headLength === 0 || i + headLength > n) return false;
    const { view } = this.#window;
    const last = headLength - 8;
    for (let k = 0; k < last; k += 8) {
      if (view.getFloat64(i + k, true) !== view.getFloat64(headAt + k, true)) return false;
    }
    if (view.getFloat64(i + last, true) !== view.getFloat64(headAt + last, true)) return false;
    this.#headAt = i;
    return true;
  }

  /** Up to the percent sign. */
  #readHead(start: number): number {
    const record = this.#record;
    const number = this.#number;
    const window = this.#window;
    const b = window.bytes;
    this.#headLength = 0;
    let i = start;
    if (b[i] !== SPACE) return ~i;
    i = readPbSize(b, i + 1, number);
    if (i < 0) return i;
    record.receivedBytes = number.value;
    if (b[i] !== SPACE) return ~i;
    if (b[++i] !== SLASH) return ~i;
    if (b[++i] !== SPACE) return ~i;
    const isUnknown = b[++i] === QUESTION;
    i = isUnknown ? i + 1 : readPbSize(b, i, number);
    if (i < 0) return i;
    record.totalBytes = isUnknown ? NaN : number.value;
    if (b[i] === SPACE && b[i + 1] === OPEN) {
      i = barEnd(b, i + 1);
      if (i < 0) return i;
    }
    record.percent = NaN;
    if (isUnknown) return i;
    if (b[i] !== SPACE) return ~i;
    while (b[++i] === SPACE);
    i = readPercent(b, i, number);
    if (i < 0) return i;
    record.percent = number.value;
    // Only with its percent sign: a head that ends in `?` might have gone on.
    this.#headAt = start;
    this.#headLength = i - start;
    return i;
  }

  /** Speed and time, each of which may be missing. `end`: where the head ends. */
  #readTail(end: number): number {
    const record = this.#record;
    const number = this.#number;
    const window = this.#window;
    const b = window.bytes;
    let i = end;
    while (b[i] === SPACE) i++;
    // A speed has a dot or a blank after its digits, a time has a letter.
    const unit = digitAt(b, i) < 10 ? readPbSize(b, i, number) : -1;
    record.bytesPerSecond = unit > 0 ? number.value : NaN;
    if (unit > 0 && this.#isTime(unit)) {
      end = unit + TIME_BYTES;
    } else if (unit > 0) {
      if (b[unit] !== SLASH) return ~unit;
      if (b[unit + 1] !== LOWER_S) return ~(unit + 1);
      end = this.#readTime(unit + 2);
    } else {
      end = this.#readTime(end);
    }
    if (end < 0) return end;
    // The last record's time is elapsed time; without a total there is no time left.
    if (record.percent >= 100) record.etaSeconds = 0;
    else record.etaSeconds = Number.isNaN(record.totalBytes) ? NaN : this.#secondsLeft;
    return end;
  }

  /** Whether `/s` and the time of the last record stand at `i` again: it changes once in 100 records. */
  #isTime(i: number): boolean {
    const timeAt = this.#timeAt;
    const window = this.#window;
    if (timeAt === 0 || window.bytes[i + TIME_BYTES - 1] !== LOWER_S) return false;
    return window.view.getFloat64(i, true) === window.view.getFloat64(timeAt, true);
  }

  /** A time of any form, or none, after `start`, where a speed ends or the head. */
  #readTime(start: number): number {
    const b = this.#window.bytes;
    this.#timeAt = 0;
    this.#secondsLeft = NaN;
    let i = start;
    while (b[i] === SPACE) i++;
    if (digitAt(b, i) > 9) return start;
    const end = readDuration(b, i, this.#number);
    // What is left is printed as `00m05s`: seconds of one digit are elapsed time.
    if (end > 0 && digitAt(b, end - 3) < 10) this.#secondsLeft = this.#number.value;
    if (end === start - 2 + TIME_BYTES) this.#timeAt = start - 2;
    return end;
  }
}
