/**
 * One record of yt-dlp's stock progress text (`report_progress` in its downloader/common.py):
 *
 *     [download]  26.8% of   14.89MiB at    3.98MiB/s ETA 00:02
 *     [download]  31.8% of ~   6.28MiB at    1.11MiB/s ETA 00:03 (frag 1/4)
 *     [download]    2.00MiB at    1.48MiB/s (00:00:01)
 *     [download] 100% of   14.89MiB in 00:00:07 at 2.12MiB/s
 *     [download] 100% of   14.89MiB
 *     [download]   N/A% at  Unknown B/s ETA Unknown
 */
import { startsWith, toBytes } from './bytes.ts';
import { readClock, readTightSize } from './numbers.ts';
import { isAt, readEta, readFragment, readSpeed, readTotal } from './ytdlp-fields.ts';
import type { Source } from './window.ts';
import { wordOf } from './words.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const DOT = 46;
const MINUS = 45;
const NINE = 57;
const PERCENT_SIGN = 37;
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

/** `[download] ` in words that overlap. */
const DOWNLOAD_1 = wordOf('[dow');
const DOWNLOAD_2 = wordOf('nloa');
const DOWNLOAD_3 = wordOf('ad] ');
const DOWNLOAD_LENGTH = 11;
const NOT_AVAILABLE = toBytes('N/A');
const ENDLESS = toBytes('--:--:--');
const RETRY = toBytes('[download] Got error');

const LETTER_O = 111;
const LETTER_F = 102;
const LETTER_I = 105;
const LETTER_N = 110;
const UPPER_N = 78;
const BRACKET = 40;
const BRACKET_END = 41;

export class YtDlpTextReader {
  /** Whether the record read last may have text glued to it: one with an ETA, as yt-dlp then retries. */
  private gluable = false;

  /**
   * Returns the index after the record that begins at `i`, or `~index` of the byte that does not fit; 0 when no
   * record can begin like this.
   */
  read(source: Source, i: number, n: number, out: Float64Array): number {
    const { bytes: b, view } = source;
    // Most lines have a letter where a record has a blank or a number: that takes 20 ns less of each.
    if (i + DOWNLOAD_LENGTH < n && !isFirst(b[i + DOWNLOAD_LENGTH]!)) return 0;
    if (
      view.getInt32(i, true) !== DOWNLOAD_1 ||
      view.getInt32(i + 4, true) !== DOWNLOAD_2 ||
      view.getInt32(i + 7, true) !== DOWNLOAD_3
    ) {
      return ~i;
    }
    i += DOWNLOAD_LENGTH;
    const first = i;
    while (b[i] === SPACE) i++;
    let c = b[i]!;
    if (c >= ZERO && c <= NINE) {
      let number = c - ZERO;
      while ((c = b[++i]!) >= ZERO && c <= NINE) number = number * 10 + (c - ZERO);
      if (c === PERCENT_SIGN) return this.finish(source, i + 1, number, out);
      if (c !== DOT) return ~i;
      c = b[++i]!;
      if (!(c >= ZERO && c <= NINE)) return ~i;
      if (b[++i] !== PERCENT_SIGN) return this.withoutTotal(source, first, out);
      out[PERCENT] = (number * 10 + (c - ZERO)) / 10;
    } else {
      if (!startsWith(b, i, NOT_AVAILABLE) || b[(i += 3)] !== PERCENT_SIGN) return ~i;
      out[PERCENT] = NaN;
    }

    i = readTotal(source, i + 1, out);
    if (i < 0) return i;
    i = readSpeed(source, i, out);
    if (i < 0) return i;
    i = readEta(source, i, out);
    if (i < 0) return i;
    if (out[PERCENT]! >= 100) out[ETA] = 0;
    i = readFragment(source, i, out);
    if (i < 0) return i;
    this.gluable = true;
    return i;
  }

  /** Whether what stands at `i` may follow the record read last without anything between. */
  glue(b: Uint8Array, i: number): boolean {
    return this.gluable && startsWith(b, i, RETRY);
  }

  /** After `100%`: ` of SIZE`, ` in TIME` and ` at SPEED`, each of which may be missing. */
  private finish(source: Source, i: number, percent: number, out: Float64Array): number {
    const b = source.bytes;
    this.gluable = false;
    if (percent !== 100) return ~i;
    out[PERCENT] = 100;
    out[RECEIVED] = out[TOTAL] = out[SPEED] = NaN;
    out[ETA] = 0;
    out[FRAGMENT] = out[FRAGMENTS] = NaN;
    out[ESTIMATED] = 0;
    out[FINISHED] = 1;
    if (b[i] === SPACE && b[i + 1] === LETTER_O && b[i + 2] === LETTER_F && b[i + 3] === SPACE) {
      i += 4;
      while (b[i] === SPACE) i++;
      i = readTightSize(source, i, out, TOTAL);
      if (i < 0) return i;
      out[RECEIVED] = out[TOTAL]!;
    }
    if (b[i] === SPACE && b[i + 1] === LETTER_I && b[i + 2] === LETTER_N && b[i + 3] === SPACE) {
      i += 4;
      if (b[i] === MINUS && startsWith(b, i, ENDLESS)) {
        i += ENDLESS.length;
      } else {
        // Elapsed time; read for its length only.
        i = readClock(b, i, out, ETA);
        if (i < 0) return i;
        out[ETA] = 0;
      }
    }
    return isAt(source, i) ? readSpeed(source, i + 4, out) : i;
  }

  /** `SIZE at SPEED (ELAPSED)`: nothing says how much there is. */
  private withoutTotal(source: Source, i: number, out: Float64Array): number {
    const b = source.bytes;
    this.gluable = false;
    out[PERCENT] = out[TOTAL] = out[ETA] = NaN;
    out[ESTIMATED] = 0;
    out[FINISHED] = 0;
    while (b[i] === SPACE) i++;
    i = readTightSize(source, i, out, RECEIVED);
    if (i < 0) return i;
    if (!isAt(source, i)) return ~i;
    i = readSpeed(source, i + 4, out);
    if (i < 0) return i;
    if (b[i] === SPACE && b[i + 1] === BRACKET && b[i + 2] !== LETTER_F) {
      i += 2;
      if (b[i] === MINUS && startsWith(b, i, ENDLESS)) i += ENDLESS.length;
      else i = readClock(b, i, out, ETA);
      if (i < 0) return i;
      out[ETA] = NaN;
      if (b[i] !== BRACKET_END) return ~i;
      i++;
    }
    return readFragment(source, i, out);
  }
}

/** Whether it may stand after `[download] `: a blank, a digit, or the N of `N/A`. */
function isFirst(c: number): boolean {
  return c <= NINE || c === UPPER_N;
}
