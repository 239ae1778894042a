/**
 * Decimal numbers of any length (`2316550.7705810806`, `2.32e+04`), read to the very double that `Number()` would
 * give, without the string that `Number()` needs.
 */

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const DOT = 46;
const MINUS = 45;
const NINE = 57;
const ZERO = 48;

const PLUS = 43;
const LETTER_E = 101;
const UPPER_E = 69;

/** Powers of ten that a double holds exactly. */
const TEN = new Float64Array(23);
for (let k = 0; k < 23; k++) TEN[k] = Number(`1e${k}`);

/** Digits that always fit a double's 53 bits. */
const EXACT_DIGITS = 15;
/** Digits that always fit 32 bits. */
const INT_DIGITS = 9;
/** Further digits that `divide` can take. Python prints 17 at most. */
const MORE_DIGITS = 4;
const SPLIT = 2 ** 26;
const VELTKAMP = 2 ** 27 + 1;

/** As the readers of numbers.ts: stores the number, returns the index after it or `~index` of a misfit. */
export function readDecimal(b: Uint8Array, i: number, out: Float64Array, slot: number): number {
  const start = i;
  const negative = b[i] === MINUS;
  if (negative) i++;
  let c = b[i]!;
  if (!(c >= ZERO && c <= NINE)) return ~i;

  // Most are whole numbers, and short. In 32 bits: as a double each digit waits longer for the one before it.
  const first = i;
  let whole = c - ZERO;
  while ((c = b[++i]!) >= ZERO && c <= NINE) whole = (Math.imul(whole, 10) + (c - ZERO)) | 0;
  if (c !== DOT && c !== LETTER_E && c !== UPPER_E && i - first <= INT_DIGITS) {
    out[slot] = negative ? -whole : whole;
    return i;
  }
  i = first;
  c = b[i]!;

  let high = 0;
  let low = 0;
  let digits = 0;
  let lowDigits = 0;
  let decimals = 0;
  let afterDot = false;
  for (;;) {
    if (c >= ZERO && c <= NINE) {
      if (digits < EXACT_DIGITS) {
        high = high * 10 + (c - ZERO);
        if (high > 0) digits++;
      } else {
        low = low * 10 + (c - ZERO);
        lowDigits++;
      }
      if (afterDot) decimals++;
    } else if (c === DOT && !afterDot) {
      afterDot = true;
      if (!(b[i + 1]! >= ZERO && b[i + 1]! <= NINE)) return ~(i + 1);
    } else {
      break;
    }
    c = b[++i]!;
  }
  if (c === LETTER_E || c === UPPER_E) {
    c = b[++i]!;
    const down = c === MINUS;
    if (down || c === PLUS) c = b[++i]!;
    if (!(c >= ZERO && c <= NINE)) return ~i;
    let exponent = c - ZERO;
    while ((c = b[++i]!) >= ZERO && c <= NINE) exponent = exponent * 10 + (c - ZERO);
    decimals += down ? exponent : -exponent;
  }

  if (lowDigits === 0 && decimals >= -22 && decimals <= 22) {
    // Both are exact, so one operation rounds once. (-0 is no index: it made this ten times slower.)
    const value = decimals > 0 ? high / TEN[decimals]! : decimals < 0 ? high * TEN[-decimals]! : high;
    out[slot] = negative ? -value : value;
  } else if (lowDigits <= MORE_DIGITS && decimals >= 0 && decimals <= 22) {
    divide(negative ? -high : high, negative ? -low : low, TEN[lowDigits]!, TEN[decimals]!, out, slot);
  } else {
    out[slot] = Number(ascii(b, start, i));
  }
  return i;
}

/**
 * (high × scale + low) ÷ divisor in twice a double's precision (Dekker's products), rounded at the end. Stores
 * its result: returned, it would be boxed.
 */
function divide(
  high: number,
  low: number,
  scale: number,
  divisor: number,
  out: Float64Array,
  slot: number,
): void {
  const top = Math.trunc(high / SPLIT);
  const x = top * scale * SPLIT;
  const y = (high - top * SPLIT) * scale + low;
  const sum = x + y;
  const lost = y - (sum - x);
  const quotient = sum / divisor;
  const qBig = quotient * VELTKAMP;
  const q1 = qBig - (qBig - quotient);
  const q2 = quotient - q1;
  const dBig = divisor * VELTKAMP;
  const d1 = dBig - (dBig - divisor);
  const d2 = divisor - d1;
  const product = quotient * divisor;
  const error = q1 * d1 - product + q1 * d2 + q2 * d1 + q2 * d2;
  out[slot] = quotient + (sum - product - error + lost) / divisor;
}

function ascii(b: Uint8Array, start: number, end: number): string {
  let text = '';
  for (let k = start; k < end; k++) text += String.fromCharCode(b[k]!);
  return text;
}
