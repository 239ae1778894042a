/**
 * Readers for the numbers that progress bars print. Each takes bytes and an index, stores what it read in a slot
 * of `out`, and returns the index after it, or `~index` of the first byte that does not fit. That index is where
 * the bytes end exactly when they end too early, so a caller can tell a cut record from a wrong one: past the end
 * is undefined, or the zero that ends a carry buffer, and neither fits anywhere.
 */
import { misfit, wordOf } from './words.ts';
import type { Source } from './window.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const COLON = 58;
const DOT = 46;
const MINUS = 45;
const NINE = 57;
const SPACE = 32;
const ZERO = 48;

/** Multiplier by unit letter; NaN = not a unit. Lux and annie stop at T, yt-dlp goes on to Y. */
const UNIT = new Float64Array(256).fill(NaN);
for (const [power, letter] of [...'BKMGTPEZY'].entries()) UNIT[letter.charCodeAt(0)] = 1024 ** power;

/**
 * Bytes in a hundredth of the units that nearly all sizes have: to multiply takes less than to divide by 100 (2 to 4
 * of 105 ns of a record of lux). Up to EXACT the product rounds as the quotient would, as it is 1/50 from where it would not, and wrong by less.
 */
const HUNDREDTH = new Float64Array(256).fill(NaN);
for (const letter of 'KMG') HUNDREDTH[letter.charCodeAt(0)] = UNIT[letter.charCodeAt(0)]! / 100;
const EXACT = 2 ** 45;

const LETTER_B = 66;
const LETTER_I = 105;
const IB = wordOf('iB');
/** What follows the dot of a size, by word. */
const HUNDREDTHS = wordOf('00');
const HUNDREDTHS_SPACE = wordOf('00 ');

/**
 * `512 B`, `390.62 KiB` … `1.00 TiB`, as cheggaaa/pb prints them; the exact bytes nearest to what is shown.
 * No product of two decimals and 1024 lies half way, so rounding has one answer.
 *
 * One comparison a digit, as three of these are a third of a record of lux. So a byte that is no digit has to stand
 * after the digits: to go on where there is nothing would never end.
 */
export function readPbSize(b: Uint8Array, i: number, out: Float64Array, slot: number): number {
  let c = b[i]!;
  if (!(c >= ZERO && c <= NINE)) return ~i;
  let value = c - ZERO;
  while (((c = b[++i]!) - ZERO) >>> 0 < 10) value = value * 10 + (c - ZERO);
  if (c !== DOT) return readWhole(b, i, value, out, slot);
  c = b[++i]!;
  if ((c - ZERO) >>> 0 > 9) return ~i;
  value = value * 10 + (c - ZERO);
  c = b[++i]!;
  if ((c - ZERO) >>> 0 > 9) return ~i;
  value = value * 10 + (c - ZERO);
  if (b[++i] !== SPACE) return ~i;
  const bytes = value * HUNDREDTH[b[++i]!]!;
  if (!(bytes < EXACT)) return readHuge(b, i, value, out, slot);
  if (b[++i] !== LETTER_I) return ~i;
  if (b[++i] !== LETTER_B) return ~i;
  out[slot] = Math.floor(bytes + 0.5);
  return i + 1;
}

/** ` B`, after a number without a dot. */
function readWhole(b: Uint8Array, i: number, value: number, out: Float64Array, slot: number): number {
  if (b[i] !== SPACE) return ~i;
  if (b[i + 1] !== LETTER_B) return ~(i + 1);
  out[slot] = value;
  return i + 2;
}

/** `TiB` and larger numbers of the other units, after so many hundredths and a blank. */
function readHuge(b: Uint8Array, i: number, hundredths: number, out: Float64Array, slot: number): number {
  const unit = UNIT[b[i]!]!;
  if (!(unit > 1)) return ~i;
  if (b[i + 1] !== LETTER_I) return ~(i + 1);
  if (b[i + 2] !== LETTER_B) return ~(i + 2);
  out[slot] = Math.floor((hundredths * unit) / 100 + 0.5);
  return i + 3;
}

/** As `readPbSize`, two words for all that follows the dot: 8 ns of annie's speed. `b[i]` is a digit. */
export function readPbSizeByWord(source: Source, i: number, out: Float64Array, slot: number): number {
  const { bytes: b, view } = source;
  const start = i;
  let c = b[i]!;
  let value = c - ZERO;
  while (((c = b[++i]!) - ZERO) >>> 0 < 10) value = value * 10 + (c - ZERO);
  if (c === DOT) {
    const word = view.getInt32(i + 1, true) ^ HUNDREDTHS_SPACE;
    const rest = view.getInt16(i + 5, true) ^ IB;
    const bytes = (value * 100 + tensOf(word)) * HUNDREDTH[word >>> 24]!;
    if ((misfit(word, 0xfff0f0) | rest) === 0 && bytes < EXACT) {
      out[slot] = Math.floor(bytes + 0.5);
      return i + 7;
    }
  }
  return readPbSize(b, start, out, slot);
}

/** `38.00B`, `14.89MiB` … as yt-dlp prints them. */
export function readTightSize(
  { bytes: b, view }: Source,
  i: number,
  out: Float64Array,
  slot: number,
): number {
  let c = b[i]!;
  if (!(c >= ZERO && c <= NINE)) return ~i;
  let value = c - ZERO;
  while ((c = b[++i]!) >= ZERO && c <= NINE) value = value * 10 + (c - ZERO);
  if (c !== DOT) return ~i;
  const word = view.getInt32(i + 1, true) ^ HUNDREDTHS;
  if (misfit(word, 0xf0f0) !== 0) return ~(i + 1);
  value = value * 100 + tensOf(word);
  const letter = (word >> 16) & 0xff;
  let bytes = value * HUNDREDTH[letter]!;
  if (!(bytes < EXACT)) {
    const unit = UNIT[letter]!;
    if (!(unit >= 1)) return ~(i + 3);
    bytes = (value * unit) / 100;
  }
  out[slot] = Math.floor(bytes + 0.5);
  if (letter === LETTER_B) return i + 4;
  if (word >>> 24 !== LETTER_I) return ~(i + 4);
  if (b[i + 5] !== LETTER_B) return ~(i + 5);
  return i + 6;
}

/** Of two digits in the lower half of a word, the first of which comes first. */
function tensOf(word: number): number {
  return (word & 15) * 10 + ((word >> 8) & 15);
}

const DAY = 100;
const HOUR = 104;
const MINUTE = 109;
const SECOND = 115;
const NANO = 110;
/** `µ` in UTF-8. */
const MICRO = [0xc2, 0xb5] as const;

/**
 * `6s`, `1m2s`, `1h18m43s`, `1d10h49m04s`, `-1s`, `7.7s`, `100ms`, `-66143h40m13.419103232s`: always ends at its
 * first `s`. What is no time left is NaN: below zero, or with a fraction (elapsed time, or an overflowed count).
 * With `padded`, seconds of one digit are elapsed time too: cheggaaa/pb v1 prints what is left as `00m05s`.
 */
export function readDuration(
  b: Uint8Array,
  i: number,
  out: Float64Array,
  slot: number,
  padded: boolean,
): number {
  let whole = true;
  let seconds = 0;
  if (b[i] === MINUS) {
    whole = false;
    i++;
  }
  for (;;) {
    let c = b[i]!;
    if (!(c >= ZERO && c <= NINE)) return ~i;
    const first = i;
    let value = c - ZERO;
    while ((c = b[++i]!) >= ZERO && c <= NINE) value = value * 10 + (c - ZERO);
    if (c === SECOND) {
      if (padded && i - first < 2) whole = false;
      out[slot] = whole ? seconds + value : NaN;
      return i + 1;
    }
    if (c === DOT) {
      whole = false;
      c = b[++i]!;
      if (!(c >= ZERO && c <= NINE)) return ~i;
      while ((c = b[++i]!) >= ZERO && c <= NINE);
      if (c === SECOND) {
        out[slot] = NaN;
        return i + 1;
      }
    }
    if (c === MINUTE && b[i + 1] !== SECOND) {
      seconds += value * 60;
    } else if (c === HOUR) seconds += value * 3600;
    else if (c === DAY) seconds += value * 86_400;
    else {
      // A fraction of a second: `100ms`, `12µs`, `7ns`.
      if (c === MICRO[0]) {
        if (b[++i] !== MICRO[1]) return ~i;
      } else if (c !== MINUTE && c !== NANO) return ~i;
      if (b[++i] !== SECOND) return ~i;
      out[slot] = NaN;
      return i + 1;
    }
    i++;
  }
}

/** `02:50`, `01:02:03`: minutes and seconds, or hours too; two digits each, hours may have more. Seconds. */
export function readClock(b: Uint8Array, i: number, out: Float64Array, slot: number): number {
  let seconds = 0;
  for (let group = 0; ; group++) {
    let c = b[i]!;
    if (!(c >= ZERO && c <= NINE)) return ~i;
    let value = c - ZERO;
    c = b[++i]!;
    if (!(c >= ZERO && c <= NINE)) return ~i;
    value = value * 10 + (c - ZERO);
    while ((c = b[++i]!) >= ZERO && c <= NINE) {
      if (group > 0) return ~i;
      value = value * 10 + (c - ZERO);
    }
    seconds = seconds * 60 + value;
    if (c !== COLON) {
      if (group === 0) return ~i;
      out[slot] = seconds;
      return i;
    }
    if (group === 2) return ~i;
    i++;
  }
}
