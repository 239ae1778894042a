/**
 * The record that yt-dlp's stock text nearly always is, read at the columns where its format string puts everything
 * (`%5.1f%%`, `%10s`; `report_progress` in its downloader/common.py):
 *
 *     [download]  26.8% of   14.89MiB at    3.98MiB/s ETA 00:02
 *     [download]  31.8% of ~   6.28MiB at    1.11MiB/s ETA Unknown (frag 1/4)
 *
 * Every byte is checked. Words are compared four and eight bytes at a time, and the numbers need no loop whose end
 * the processor guesses wrong: 28 ns less a record than to read on from byte to byte (ytdlp-record.ts), which still
 * reads all that does not fit here.
 */
import { HUNDREDTH, readTightSize } from './numbers.ts';
import { readFragment } from './ytdlp-fields.ts';
import { Known, type Source } from './window.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const CR = 13;
const NINE = 57;
const SPACE = 32;
const ZERO = 48;
const ESTIMATED = 10;
const ETA = 5;
const FINISHED = 11;
const FRAGMENT = 6;
const FRAGMENTS = 7;
const PERCENT = 1;
const RECEIVED = 2;
const SPEED = 4;
const TOTAL = 3;

const LETTER_I = 105;
const UPPER_B = 66;
const TILDE = 126;

const view = (text: string): DataView => new DataView(new TextEncoder().encode(text).buffer);
const word = (text: string): number => view(text).getInt32(0, true);
const DOWNLOA = view('[downloa').getFloat64(0, true);
const D_CLOSE = word('d]  ');
const PERCENT_OF = word('% of');
const AT = word(' at ');
const PER_SECOND = word('/s E');
const ETA_IS = word('ETA ');
const UNKNOWN = word('Unkn');
const UNKNOWN_END = word('nown');

/** Every percentage, as the division that it saves takes 4 ns. */
const TENTHS = Float64Array.from({ length: 1000 }, (_, tenths) => tenths / 10);

/** The shortest: without `~`, with a time of five bytes. */
const SHORTEST = 57;
const SIZE_COLUMNS = 10;

export class YtDlpColumns {
  /** ` (frag 1/4)`: 91 of 100 are the last record's. */
  private readonly fragment = new Known();

  /** Returns the index after the record that begins at `i`; 0 or less when it must be read byte by byte. */
  read(source: Source, i: number, n: number, out: Float64Array): number {
    const { bytes: b, view } = source;
    if (i + SHORTEST > n) return 0;
    if (view.getFloat64(i, true) !== DOWNLOA || view.getInt32(i + 8, true) !== D_CLOSE) return 0;
    const tenths = readTenths(view.getInt32(i + 12, true));
    if (tenths < 0 || view.getInt32(i + 16, true) !== PERCENT_OF || b[i + 20] !== SPACE) return 0;
    out[PERCENT] = TENTHS[tenths]!;

    let k = i + 21;
    const estimated = b[k] === TILDE;
    if (estimated) k++;
    // A loop, so that there is one call, which V8 puts in line.
    for (let slot = TOTAL; ; slot = SPEED) {
      if (!readSize(source, k, out, slot)) return 0;
      k += SIZE_COLUMNS;
      if (slot === SPEED) break;
      if (view.getInt32(k, true) !== AT) return 0;
      k += 4;
    }
    if (view.getInt32(k, true) !== PER_SECOND || view.getInt32(k + 3, true) !== ETA_IS) return 0;
    k += 7;
    const minutes = readMinutes(view.getInt32(k, true));
    const c = b[k + 4]!;
    if (minutes >= 0 && c >= ZERO && c <= NINE) {
      out[ETA] = minutes + (c - ZERO);
      k += 5;
    } else {
      if (view.getInt32(k, true) !== UNKNOWN || view.getInt32(k + 3, true) !== UNKNOWN_END) return 0;
      out[ETA] = NaN;
      k += 7;
    }
    out[RECEIVED] = NaN;
    out[ESTIMATED] = estimated ? 1 : 0;
    out[FINISHED] = 0;
    return this.readEnd(source, k, n, out);
  }

  /** To be called when the values were used for something else. */
  forget(): void {
    this.fragment.forget();
  }

  /** The fragment, if there is one; 0 when the time goes on. */
  private readEnd(source: Source, i: number, n: number, out: Float64Array): number {
    const c = source.bytes[i]!;
    if (c <= CR) {
      this.fragment.forget();
      out[FRAGMENT] = out[FRAGMENTS] = NaN;
      return i;
    }
    if (c !== SPACE) return 0;
    let end = this.fragment.again(source, i, n);
    if (end === 0) {
      end = readFragment(source.bytes, i, out);
      this.fragment.keep(source, i, end);
    }
    return end;
  }
}

/*
 * Words of four columns; the first column is the lowest byte. The high half of a digit's byte is 3, the low one the
 * digit, 0 to 9: adding 6 to another overflows into bit 4. A blank is 0x20, and counts as 0.
 */

/** `26.8` or ` 6.8` as 268 or 68; less than 0 when it is something else. */
function readTenths(columns: number): number {
  const tens = columns & 0xff;
  const strange =
    ((columns & 0xf0fff000) ^ 0x302e3000) |
    (((columns & 0x0f000f00) + 0x06000600) & 0x10001000) |
    (tens === SPACE || (tens >= ZERO && tens <= NINE) ? 0 : 1);
  if (strange !== 0) return -1;
  return (tens & 15) * 100 + ((columns >>> 8) & 15) * 10 + ((columns >>> 24) & 15);
}

/** `00:0`, minutes and the tens of seconds, in seconds; less than 0 when it is something else. */
function readMinutes(columns: number): number {
  const strange =
    ((columns & 0xf0fff0f0) ^ 0x303a3030) | (((columns & 0x0f000f0f) + 0x06000606) & 0x10001010);
  if (strange !== 0) return -1;
  return ((columns & 15) * 10 + ((columns >>> 8) & 15)) * 60 + ((columns >>> 24) & 15) * 10;
}

/** `   3.98MiB`, `1023.00KiB`, `  512.00B`: a size in ten columns, blanks before it. */
function readSize(source: Source, i: number, out: Float64Array, slot: number): boolean {
  const { bytes: b, view } = source;
  if (b[i + 8] !== LETTER_I) return readBytes(b, i, out, slot);
  const whole = readWhole(view.getInt32(i, true));
  // `.98M`
  const rest = view.getInt32(i + 4, true);
  const strange = ((rest & 0x00f0f0ff) ^ 0x0030302e) | (((rest & 0x000f0f00) + 0x00060600) & 0x00101000);
  const unit = HUNDREDTH[rest >>> 24]!;
  if (whole < 0 || strange !== 0 || b[i + 9] !== UPPER_B || !(unit > 1)) return false;
  out[slot] = Math.floor((whole * 100 + ((rest >>> 8) & 15) * 10 + ((rest >>> 16) & 15)) * unit + 0.5);
  return true;
}

/** The number in four columns, digits after blanks; less than 0 when something else stands there. */
function readWhole(columns: number): number {
  // 1 in each byte that is a digit, 0 in a blank.
  const digits = (columns >>> 4) & 0x01010101;
  const low = columns & 0x0f0f0f0f;
  const strange =
    ((columns & 0xf0f0f0f0) ^ (0x20202020 | (digits << 4))) |
    ((low + 0x06060606) & 0x10101010) |
    // The low half of a blank is 0,
    (low & ~(digits * 15)) |
    // what comes after a digit is one, and the last is.
    (digits & ~((digits >>> 8) | 0x01000000)) |
    (~digits & 0x01000000);
  if (strange !== 0) return -1;
  return (low & 15) * 1000 + ((low >>> 8) & 15) * 100 + ((low >>> 16) & 15) * 10 + (low >>> 24);
}

/** The same without `i` in its unit, which is seldom. */
function readBytes(b: Uint8Array, i: number, out: Float64Array, slot: number): boolean {
  const end = i + SIZE_COLUMNS;
  while (b[i] === SPACE) i++;
  return readTightSize(b, i, out, slot) === end;
}
