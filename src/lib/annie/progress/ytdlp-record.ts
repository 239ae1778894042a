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
import { isAt, readFragment, readRest, readSpeed, readTotal } from './ytdlp-fields.ts';
import { Known, type Source } from './window.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const CR = 13;
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

const DOWNLOAD = toBytes('[download] ');
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
  /** Of the last record: `[download] `, */
  private readonly begin = new Known();
  /** ` of   14.89MiB at `, */
  private readonly total = new Known();
  /** and ` ETA 00:03 (frag 1/4)`. */
  private readonly rest = new Known();

  /**
   * Returns the index after the record that begins at `i`, or `~index` of the byte that does not fit; 0 when no
   * record can begin like this.
   */
  read(source: Source, i: number, n: number, out: Float64Array): number {
    const b = source.bytes;
    // Most lines have a letter where a record has a blank or a number: that takes 20 ns less of each.
    if (i + DOWNLOAD.length < n && !isFirst(b[i + DOWNLOAD.length]!)) return 0;
    let from = i;
    i = this.begin.again(source, from, n);
    if (i === 0) {
      if (!startsWith(b, from, DOWNLOAD)) return ~from;
      i = from + DOWNLOAD.length;
      this.begin.keep(source, from, i);
    }
    const first = i;
    while (b[i] === SPACE) i++;
    let c = b[i]!;
    if (c >= ZERO && c <= NINE) {
      let number = c - ZERO;
      while ((c = b[++i]!) >= ZERO && c <= NINE) number = number * 10 + (c - ZERO);
      if (c === PERCENT_SIGN) return this.finish(b, i + 1, number, out);
      if (c !== DOT) return ~i;
      c = b[++i]!;
      if (!(c >= ZERO && c <= NINE)) return ~i;
      if (b[++i] !== PERCENT_SIGN) return this.withoutTotal(b, first, out);
      out[PERCENT] = (number * 10 + (c - ZERO)) / 10;
    } else {
      if (!startsWith(b, i, NOT_AVAILABLE) || b[(i += 3)] !== PERCENT_SIGN) return ~i;
      out[PERCENT] = NaN;
    }

    from = i + 1;
    i = this.total.again(source, from, n);
    if (i === 0) {
      i = readTotal(b, from, out);
      if (i < 0) return i;
      this.total.keep(source, from, i);
    }
    i = readSpeed(b, i, out);
    if (i < 0) return i;

    from = i;
    i = this.rest.again(source, from, n);
    if (i === 0 || b[i]! > CR) {
      // It is new, or something follows that might belong to it: a further digit, a fragment.
      this.rest.forget();
      i = readRest(b, from, out);
      if (i < 0) return i;
      this.rest.keep(source, from, i);
    }
    if (out[PERCENT]! >= 100) {
      out[ETA] = 0;
      this.rest.forget();
    }
    this.gluable = true;
    return i;
  }

  /** To be called when the values were used for something else. */
  forget(): void {
    this.total.forget();
    this.rest.forget();
  }

  /** Whether what stands at `i` may follow the record read last without anything between. */
  glue(b: Uint8Array, i: number): boolean {
    return this.gluable && startsWith(b, i, RETRY);
  }

  /** After `100%`: ` of SIZE`, ` in TIME` and ` at SPEED`, each of which may be missing. */
  private finish(b: Uint8Array, i: number, percent: number, out: Float64Array): number {
    this.gluable = false;
    this.forget();
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
      i = readTightSize(b, i, out, TOTAL);
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
    return isAt(b, i) ? readSpeed(b, i + 4, out) : i;
  }

  /** `SIZE at SPEED (ELAPSED)`: nothing says how much there is. */
  private withoutTotal(b: Uint8Array, i: number, out: Float64Array): number {
    this.gluable = false;
    this.forget();
    out[PERCENT] = out[TOTAL] = out[ETA] = NaN;
    out[ESTIMATED] = 0;
    out[FINISHED] = 0;
    while (b[i] === SPACE) i++;
    i = readTightSize(b, i, out, RECEIVED);
    if (i < 0) return i;
    if (!isAt(b, i)) return ~i;
    i = readSpeed(b, i + 4, out);
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
    return readFragment(b, i, out);
  }
}

/** Whether it may stand after `[download] `: a blank, a digit, or the N of `N/A`. */
function isFirst(c: number): boolean {
  return c <= NINE || c === UPPER_N;
}
