/**
 * Readers for the numbers of cheggaaa/pb, byte for byte. Each takes bytes and an index, stores what it read in `out`
 * and returns the index after it, or `~index` of the first byte that does not fit. That is where the bytes end exactly
 * when they end too early, so a caller can distinguish a cut record from a wrong one.
 */

/** Where a reader stores its number: V8 boxes a double that is returned (16 bytes of heap), not one stored here. */
export class NumberSlot {
  value = NaN;
}

// Constants of the file's own: V8 folds them into the code, imported ones it loads each time.
const DOT = 46;
const MINUS = 45;
const PERCENT_SIGN = 37;
const SPACE = 32;
const ZERO = 48;
const UPPER_B = 66;
const UPPER_G = 71;
const UPPER_K = 75;
const UPPER_M = 77;
const LOWER_D = 100;
const LOWER_H = 104;
const LOWER_I = 105;
const LOWER_M = 109;
const LOWER_N = 110;
const LOWER_S = 115;
/** `µ` in UTF-8. */
const MICRO_1 = 0xc2;
const MICRO_2 = 0xb5;
const UNITS = 'BKMGTPEZY';

/**
 * To multiply by a hundredth of the unit is 2 to 4 ns of a record faster than to divide by 100. Up to this many bytes
 * both round to the same byte: what is printed lies at least 1/50 byte from where rounding changes.
 */
const EXACT = 2 ** 45;

/** The digit at `i`; more than 9 when there is none, also past the end. */
export function digitAt(b: Uint8Array, i: number): number {
  return ((b[i] ?? 0) - ZERO) >>> 0;
}

/**
 * `512 B`, `390.62 KiB` … `1.00 TiB`: the whole bytes nearest to what is printed. Two decimals of a multiple of 1024
 * never lie half way between two.
 */
export function readPbSize(b: Uint8Array, i: number, out: NumberSlot): number {
  let value = digitAt(b, i);
  if (value > 9) return ~i;
  let digit: number;
  while ((digit = digitAt(b, ++i)) < 10) value = value * 10 + digit;
  if (b[i] !== DOT) return readWholeBytes(b, i, value, out);
  if ((digit = digitAt(b, ++i)) > 9) return ~i;
  value = value * 10 + digit;
  if ((digit = digitAt(b, ++i)) > 9) return ~i;
  value = value * 10 + digit;
  if (b[++i] !== SPACE) return ~i;
  const bytes = value * (unitOf(b[++i]) / 100);
  if (!(bytes < EXACT)) return readHugeSize(b, i, value, out);
  if (b[++i] !== LOWER_I) return ~i;
  if (b[++i] !== UPPER_B) return ~i;
  out.value = Math.floor(bytes + 0.5);
  return i + 1;
}

/** `10.56%`, of any size. */
export function readPercent(b: Uint8Array, i: number, out: NumberSlot): number {
  let hundredths = digitAt(b, i);
  if (hundredths > 9) return ~i;
  let digit: number;
  while ((digit = digitAt(b, ++i)) < 10) hundredths = hundredths * 10 + digit;
  if (b[i] !== DOT) return ~i;
  if ((digit = digitAt(b, ++i)) > 9) return ~i;
  hundredths = hundredths * 10 + digit;
  if ((digit = digitAt(b, ++i)) > 9) return ~i;
  if (b[++i] !== PERCENT_SIGN) return ~i;
  out.value = (hundredths * 10 + digit) / 100;
  return i + 1;
}

/** Bytes in a unit that nearly all sizes have, by its first letter; else NaN. */
function unitOf(letter: number | undefined): number {
  if (letter === UPPER_M) return 1024 ** 2;
  if (letter === UPPER_K) return 1024;
  return letter === UPPER_G ? 1024 ** 3 : NaN;
}

/** ` B`, after a number without a dot. */
function readWholeBytes(b: Uint8Array, i: number, value: number, out: NumberSlot): number {
  if (b[i] !== SPACE) return ~i;
  if (b[i + 1] !== UPPER_B) return ~(i + 1);
  out.value = value;
  return i + 2;
}

/** A large unit or number, or no unit. `b[i]` is the unit's first letter. */
function readHugeSize(b: Uint8Array, i: number, hundredths: number, out: NumberSlot): number {
  const power = UNITS.indexOf(String.fromCharCode(b[i] ?? 0));
  if (power < 1) return ~i;
  if (b[i + 1] !== LOWER_I) return ~(i + 1);
  if (b[i + 2] !== UPPER_B) return ~(i + 2);
  out.value = Math.floor((hundredths * 1024 ** power) / 100 + 0.5);
  return i + 3;
}

/**
 * `6s`, `1m2s`, `1h18m43s`, `1d10h49m04s`, `-1s`, `7.7s`, `100ms`, `-66143h40m13.419103232s`: ends at its first `s`.
 * NaN when it is no time left: below zero, or with a fraction (elapsed time, or an overflowed count).
 */
export function readDuration(b: Uint8Array, i: number, out: NumberSlot): number {
  const isNegative = b[i] === MINUS;
  if (isNegative) i++;
  let seconds = 0;
  for (;;) {
    let value = digitAt(b, i);
    if (value > 9) return ~i;
    let digit: number;
    while ((digit = digitAt(b, ++i)) < 10) value = value * 10 + digit;
    const c = b[i];
    if (c === LOWER_S) {
      out.value = isNegative ? NaN : seconds + value;
      return i + 1;
    }
    if (c === LOWER_M && b[i + 1] !== LOWER_S) seconds += value * 60;
    else if (c === LOWER_H) seconds += value * 3600;
    else if (c === LOWER_D) seconds += value * 86_400;
    else return readFraction(b, i, out);
    i++;
  }
}

/** The end of a duration with a fraction, or of less than a second: no time left. `i`: after its whole number. */
function readFraction(b: Uint8Array, i: number, out: NumberSlot): number {
  out.value = NaN;
  if (b[i] === DOT) {
    if (digitAt(b, ++i) > 9) return ~i;
    while (digitAt(b, ++i) < 10);
  }
  const c = b[i];
  if (c === LOWER_S) return i + 1;
  if (c === MICRO_1) {
    if (b[++i] !== MICRO_2) return ~i;
  } else if (c !== LOWER_M && c !== LOWER_N) return ~i;
  return b[i + 1] === LOWER_S ? i + 2 : ~(i + 1);
}
