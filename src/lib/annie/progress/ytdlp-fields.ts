/** The parts of a record of yt-dlp's stock progress text, each with the blank before it. */
import { startsWith, toBytes } from './bytes.ts';
import { readClock, readTightSize } from './numbers.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const MINUS = 45;
const NINE = 57;
const SLASH = 47;
const SPACE = 32;
const ZERO = 48;
const ESTIMATED = 10;
const ETA = 5;
const FINISHED = 11;
const FRAGMENT = 6;
const FRAGMENTS = 7;
const RECEIVED = 2;
const SPEED = 4;
const TOTAL = 3;

const UNKNOWN = toBytes('Unknown');
const UNKNOWN_SPEED = toBytes('Unknown B/s');
const NOT_AVAILABLE = toBytes('N/A');
const ENDLESS = toBytes('--:--:--');
const FRAG = toBytes(' (frag ');

const LETTER_O = 111;
const LETTER_F = 102;
const LETTER_A = 97;
const LETTER_T = 116;
const LETTER_S = 115;
const LETTER_UPPER_A = 65;
const LETTER_UPPER_E = 69;
const LETTER_UPPER_N = 78;
const LETTER_UPPER_T = 84;
const LETTER_UPPER_U = 85;
const TILDE = 126;
const BRACKET = 40;
const BRACKET_END = 41;

/** ` of   14.89MiB at `, ` of ~  6.28MiB at ` or ` at `. */
export function readTotal(b: Uint8Array, i: number, out: Float64Array): number {
  out[RECEIVED] = NaN;
  out[ESTIMATED] = 0;
  out[FINISHED] = 0;
  if (b[i] !== SPACE) return ~i;
  if (b[i + 1] === LETTER_O) {
    if (b[i + 2] !== LETTER_F || b[i + 3] !== SPACE) return ~i;
    i += 4;
    if (b[i] === TILDE) {
      out[ESTIMATED] = 1;
      i++;
    }
    while (b[i] === SPACE) i++;
    if (b[i] === LETTER_UPPER_N && startsWith(b, i, NOT_AVAILABLE)) {
      out[TOTAL] = NaN;
      i += 3;
    } else {
      i = readTightSize(b, i, out, TOTAL);
      if (i < 0) return i;
    }
  } else {
    out[TOTAL] = NaN;
  }
  return isAt(b, i) ? i + 4 : ~i;
}

/** ` at `. */
export function isAt(b: Uint8Array, i: number): boolean {
  return b[i] === SPACE && b[i + 1] === LETTER_A && b[i + 2] === LETTER_T && b[i + 3] === SPACE;
}

/** `   3.98MiB/s`, ` Unknown B/s`. */
export function readSpeed(b: Uint8Array, i: number, out: Float64Array): number {
  while (b[i] === SPACE) i++;
  if (b[i] === LETTER_UPPER_U) {
    if (!startsWith(b, i, UNKNOWN_SPEED)) return ~i;
    out[SPEED] = NaN;
    return i + UNKNOWN_SPEED.length;
  }
  if (b[i] === LETTER_UPPER_N && startsWith(b, i, NOT_AVAILABLE)) {
    out[SPEED] = NaN;
    i += NOT_AVAILABLE.length;
  } else {
    i = readTightSize(b, i, out, SPEED);
    if (i < 0) return i;
  }
  if (b[i] !== SLASH || b[i + 1] !== LETTER_S) return ~i;
  return i + 2;
}

/** ` ETA 00:02`, ` ETA Unknown` or ` ETA --:--:--`, and the fragment. */
export function readRest(b: Uint8Array, i: number, out: Float64Array): number {
  if (
    b[i] !== SPACE ||
    b[i + 1] !== LETTER_UPPER_E ||
    b[i + 2] !== LETTER_UPPER_T ||
    b[i + 3] !== LETTER_UPPER_A ||
    b[i + 4] !== SPACE
  ) {
    return ~i;
  }
  i += 5;
  while (b[i] === SPACE) i++;
  if (b[i]! >= ZERO && b[i]! <= NINE) {
    i = readClock(b, i, out, ETA);
    if (i < 0) return i;
  } else {
    out[ETA] = NaN;
    if (b[i] === LETTER_UPPER_U && startsWith(b, i, UNKNOWN)) i += UNKNOWN.length;
    else if (b[i] === MINUS && startsWith(b, i, ENDLESS)) i += ENDLESS.length;
    else return ~i;
  }
  return readFragment(b, i, out);
}

/** ` (frag 3/15)` or ` (frag 3)`, where there is one. */
export function readFragment(b: Uint8Array, i: number, out: Float64Array): number {
  out[FRAGMENT] = NaN;
  out[FRAGMENTS] = NaN;
  if (b[i] !== SPACE || b[i + 1] !== BRACKET || !startsWith(b, i, FRAG)) return i;
  let k = i + FRAG.length;
  let c = b[k]!;
  if (!(c >= ZERO && c <= NINE)) return ~k;
  let value = c - ZERO;
  while ((c = b[++k]!) >= ZERO && c <= NINE) value = value * 10 + (c - ZERO);
  out[FRAGMENT] = value;
  if (c === SLASH) {
    c = b[++k]!;
    if (!(c >= ZERO && c <= NINE)) return ~k;
    value = c - ZERO;
    while ((c = b[++k]!) >= ZERO && c <= NINE) value = value * 10 + (c - ZERO);
    out[FRAGMENTS] = value;
  }
  if (b[k] !== BRACKET_END) return ~k;
  return k + 1;
}
