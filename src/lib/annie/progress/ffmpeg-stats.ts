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
      while (b[i]! > SPACE && b[i] !== EQUALS) i++;
      if (b[i] !== EQUALS) return ~i;
      while (b[++i] === SPACE);
      const next = endOfWord(b, i);
      if (next === i) return ~i;
      last = next;
      const c = b[name];
      if (c === LOWER_S && startsWith(b, name, SIZE)) {
        if (!readKilobytes(b, i, out)) return ~i;
        sized = true;
      } else if (c === LOWER_S && startsWith(b, name, SPEED)) {
        if (!readFactor(b, i, next, out)) return ~i;
        end = next;
      } else if (c === LOWER_T && startsWith(b, name, TIME)) {
        readTime(b, i, out);
      }
      i = next;
      while (b[i] === SPACE) i++;
    }
    if (!sized || end === 0) return ~i;
    this.trailing = last - end;
    return last;
  }
}

/** The zero after the last byte ends a word too. */
function endOfWord(b: Uint8Array, i: number): number {
  while (b[i]! > SPACE) i++;
  return i;
}

/** `2816kB`, newer `2816KiB`, both of 1,024 bytes; or `N/A`. */
function readKilobytes(b: Uint8Array, i: number, out: Float64Array): boolean {
  let c = b[i]!;
  if (!(c >= ZERO && c <= NINE)) return c === UPPER_N;
  let value = 0;
  for (; c >= ZERO && c <= NINE; c = b[++i]!) value = value * 10 + (c - ZERO);
  if (c !== LOWER_K && c !== UPPER_K) return false;
  if (b[++i] === LOWER_I) i++;
  if (b[i] !== UPPER_B) return false;
  out[RECEIVED] = value * 1024;
  return true;
}

/** `00:00:10.70`, seconds; below zero or `N/A` is not known. */
function readTime(b: Uint8Array, i: number, out: Float64Array): void {
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
  if (c !== DOT) return;
  let scale = 1;
  let fraction = 0;
  for (c = b[++i]!; c >= ZERO && c <= NINE; c = b[++i]!) {
    fraction = fraction * 10 + (c - ZERO);
    scale *= 10;
  }
  out[OUT_TIME] = seconds + value + fraction / scale;
}

/** `10.5x`, `2.32e+04x` or `N/A`. */
function readFactor(b: Uint8Array, i: number, end: number, out: Float64Array): boolean {
  if (b[i] === UPPER_N) return end === i + 3;
  i = readDecimal(b, i, out, SPEED_FACTOR);
  return i > 0 && i === end - 1 && b[i] === LOWER_X;
}
