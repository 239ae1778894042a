/** The parts of a record of yt-dlp's stock progress text, each with the blank before it. */
import { startsWith, toBytes } from './bytes.ts';
import { readClock, readTightSize } from './numbers.ts';
import type { Source } from './window.ts';
import { misfit, wordOf } from './words.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
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

const LETTER_S = 115;
const LETTER_UPPER_N = 78;
const TILDE = 126;
const BRACKET_END = 41;
const NOT_AVAILABLE = toBytes('N/A');
const ENDLESS = toBytes('--:--:--');

const OF = wordOf(' of ');
const AT = wordOf(' at ');
/** ` ETA ` and ` (frag ` and `Unknown`, in words that overlap. */
const ETA_NAME = wordOf(' ETA');
const FRAG = wordOf(' (fr');
const FRAG_END = wordOf('rag ');
const UNKNOWN = wordOf('Unkn');
const UNKNOWN_END = wordOf('nown');
const UNKNOWN_LENGTH = 7;
const PER_SECOND = wordOf(' B/s');
/** `00:02`, the last digit of which is read by itself. */
const CLOCK = wordOf('00:0');

/** ` of   14.89MiB at `, ` of ~  6.28MiB at ` or ` at `. */
export function readTotal(source: Source, i: number, out: Float64Array): number {
  const { bytes: b, view } = source;
  out[RECEIVED] = NaN;
  out[ESTIMATED] = 0;
  out[FINISHED] = 0;
  if (view.getInt32(i, true) === OF) {
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
      i = readTightSize(source, i, out, TOTAL);
      if (i < 0) return i;
    }
  } else {
    out[TOTAL] = NaN;
  }
  return isAt(source, i) ? i + 4 : ~i;
}

/** ` at `. */
export function isAt({ view }: Source, i: number): boolean {
  return view.getInt32(i, true) === AT;
}

/** `   3.98MiB/s`, ` Unknown B/s`. */
export function readSpeed(source: Source, i: number, out: Float64Array): number {
  const { bytes: b, view } = source;
  while (b[i] === SPACE) i++;
  if (isUnknown(source, i)) {
    i += UNKNOWN_LENGTH;
    if (view.getInt32(i, true) !== PER_SECOND) return ~i;
    out[SPEED] = NaN;
    return i + 4;
  }
  if (b[i] === LETTER_UPPER_N && startsWith(b, i, NOT_AVAILABLE)) {
    out[SPEED] = NaN;
    i += NOT_AVAILABLE.length;
  } else {
    i = readTightSize(source, i, out, SPEED);
    if (i < 0) return i;
  }
  if (b[i] !== SLASH || b[i + 1] !== LETTER_S) return ~i;
  return i + 2;
}

/** ` ETA 00:02`, ` ETA Unknown` or ` ETA --:--:--`. */
export function readEta(source: Source, i: number, out: Float64Array): number {
  const { bytes: b, view } = source;
  if (view.getInt32(i, true) !== ETA_NAME || b[i + 4] !== SPACE) return ~i;
  i += 5;
  const word = view.getInt32(i, true) ^ CLOCK;
  const last = b[i + 4]! ^ ZERO;
  // Unless a further digit or colon follows.
  // Written out, as in pb1-record.ts: through one function for both 3 of 100 slower (8 processes by turns).
  if ((misfit(word, 0xf0fff0f0) | misfit(last, 0xf0)) === 0 && b[i + 5]! < ZERO) {
    out[ETA] = (word & 15) * 600 + ((word >> 8) & 15) * 60 + ((word >> 24) & 15) * 10 + last;
    return i + 5;
  }
  if (isUnknown(source, i)) {
    out[ETA] = NaN;
    return i + UNKNOWN_LENGTH;
  }
  return readRareEta(b, i, out);
}

/** With hours, or more blanks before it. */
function readRareEta(b: Uint8Array, i: number, out: Float64Array): number {
  while (b[i] === SPACE) i++;
  if (b[i]! >= ZERO && b[i]! <= NINE) return readClock(b, i, out, ETA);
  out[ETA] = NaN;
  return startsWith(b, i, ENDLESS) ? i + ENDLESS.length : ~i;
}

function isUnknown({ view }: Source, i: number): boolean {
  return view.getInt32(i, true) === UNKNOWN && view.getInt32(i + 3, true) === UNKNOWN_END;
}

/** ` (frag 3/15)` or ` (frag 3)`, where there is one. */
export function readFragment({ bytes: b, view }: Source, i: number, out: Float64Array): number {
  out[FRAGMENT] = NaN;
  out[FRAGMENTS] = NaN;
  if (view.getInt32(i, true) !== FRAG || view.getInt32(i + 3, true) !== FRAG_END) return i;
  let k = i + 7;
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
