/**
 * One status record of ffmpeg, as on its fd 2:
 *
 *     frame=  268 fps=262 q=-1.0 size=    2816kB time=00:00:10.70 bitrate=2155.9kbits/s speed=10.5x
 *
 * Names and values, with blanks before values. Which ones come depends on the streams; size and time always do.
 */
import { startsWith, toBytes } from './bytes.ts';
import { readDecimal } from './decimal.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const COLON = 58;
const CR = 13;
const DOT = 46;
const LF = 10;
const NINE = 57;
const SPACE = 32;
const ZERO = 48;
const OUT_TIME = 8;
const RECEIVED = 2;
const SPEED_FACTOR = 9;

const EQUALS = 61;
const FRAME = toBytes('frame=');
const SIZE = toBytes('size=');
const TIME = toBytes('time=');
const SPEED = toBytes('speed=');
const UPPER_L = 76;
const UPPER_K = 75;
const LOWER_K = 107;
const LOWER_F = 102;
const LOWER_S = 115;
const LOWER_T = 116;
const LOWER_X = 120;
const UPPER_B = 66;
const UPPER_N = 78;
const LOWER_I = 105;

export class FfmpegStatsReader {
  /** Bytes at the end of the last record that do not count: newer ffmpegs print more after the speed. */
  trailing = 0;

  /** Whether a record can begin with this byte. */
  static begins(c: number): boolean {
    return c === LOWER_F || c === LOWER_S || c === UPPER_L;
  }

  /** Returns the index after the record that begins at `i`, or `~index` of the byte that does not fit. */
  read(b: Uint8Array, i: number, n: number, out: Float64Array): number {
    const first = b[i];
    if (first === LOWER_F) {
      if (!startsWith(b, i, FRAME)) return ~i;
    } else if (!startsWith(b, first === UPPER_L ? i + 1 : i, SIZE)) {
      return ~i;
    }
    out[RECEIVED] = out[OUT_TIME] = out[SPEED_FACTOR] = NaN;
    let sized = false;
    let end = 0;
    let last = i;
    while (i < n && b[i] !== CR && b[i] !== LF) {
      const name = b[i] === UPPER_L ? i + 1 : i;
      const c = b[name];
      // What is read is walked once: to find a word's end first and read it then took 218 ns a record, this 206.
      let next: number;
      if (c === LOWER_S && startsWith(b, name, SIZE)) {
        i = afterBlanks(b, name + SIZE.length);
        next = readKilobytes(b, i, out);
        if (next < 0) return ~i;
        next = endOfWord(b, next);
        sized = true;
      } else if (c === LOWER_S && startsWith(b, name, SPEED)) {
        i = afterBlanks(b, name + SPEED.length);
        next = readFactor(b, i, out);
        if (next < 0) return ~i;
        end = next;
      } else if (c === LOWER_T && startsWith(b, name, TIME)) {
        i = afterBlanks(b, name + TIME.length);
        next = endOfWord(b, readTime(b, i, out));
      } else {
        while (b[i]! > SPACE && b[i] !== EQUALS) i++;
        if (b[i] !== EQUALS) return ~i;
        i = afterBlanks(b, i + 1);
        next = endOfWord(b, i);
      }
      if (next === i) return ~i;
      last = next;
      i = afterBlanks(b, next);
    }
    if (!sized || end === 0) return ~i;
    this.trailing = last - end;
    return last;
  }
}

function afterBlanks(b: Uint8Array, i: number): number {
  while (b[i] === SPACE) i++;
  return i;
}

/** The zero after the last byte ends a word too. */
function endOfWord(b: Uint8Array, i: number): number {
  while (b[i]! > SPACE) i++;
  return i;
}

/** `2816kB`, newer `2816KiB`, both of 1,024 bytes; or `N/A`. Returns where it ends, or `~index` of a misfit. */
function readKilobytes(b: Uint8Array, i: number, out: Float64Array): number {
  let c = b[i]!;
  if (!(c >= ZERO && c <= NINE)) return c === UPPER_N ? i + 1 : ~i;
  let value = 0;
  for (; c >= ZERO && c <= NINE; c = b[++i]!) value = value * 10 + (c - ZERO);
  if (c !== LOWER_K && c !== UPPER_K) return ~i;
  if (b[++i] === LOWER_I) i++;
  if (b[i] !== UPPER_B) return ~i;
  out[RECEIVED] = value * 1024;
  return i + 1;
}

/** `00:00:10.70`, seconds; below zero or `N/A` is not known. Returns where it stopped. */
function readTime(b: Uint8Array, i: number, out: Float64Array): number {
  let seconds = 0;
  let value = 0;
  let c = b[i]!;
  for (; (c >= ZERO && c <= NINE) || c === COLON; c = b[++i]!) {
    if (c === COLON) {
      seconds = (seconds + value) * 60;
      value = 0;
    } else {
      value = value * 10 + (c - ZERO);
    }
  }
  if (c !== DOT) return i;
  let scale = 1;
  let fraction = 0;
  for (c = b[++i]!; c >= ZERO && c <= NINE; c = b[++i]!) {
    fraction = fraction * 10 + (c - ZERO);
    scale *= 10;
  }
  out[OUT_TIME] = seconds + value + fraction / scale;
  return i;
}

/** `10.5x`, `2.32e+04x` or `N/A`, a whole word. Returns where it ends, or `~index` of a misfit. */
function readFactor(b: Uint8Array, i: number, out: Float64Array): number {
  if (b[i] === UPPER_N) return endOfWord(b, i) === i + 3 ? i + 3 : ~i;
  i = readDecimal(b, i, out, SPEED_FACTOR);
  if (i < 0) return i;
  return b[i] === LOWER_X && !(b[i + 1]! > SPACE) ? i + 1 : ~i;
}
