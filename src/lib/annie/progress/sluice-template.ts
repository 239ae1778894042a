/**
 * The progress that Sluice asks yt-dlp for: one short line of exact numbers, never a title.
 *
 *     <RS>sluice d 11784403 15618348 NA 2351218 1 NA NA
 *
 * Titles are printed raw elsewhere, with their line ends; so that none can begin such a line, the prefix may hold
 * a nonce of the run.
 */
import { startsWith, toBytes } from './bytes.ts';
import { readDecimal } from './decimal.ts';
import { Known, type Source } from './window.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const NINE = 57;
const SPACE = 32;
const ZERO = 48;
const ESTIMATED = 10;
const ETA = 5;
const FINISHED = 11;
const FRAGMENTS = 7;
const PERCENT = 1;
const RECEIVED = 2;
const SPEED = 4;
const TOTAL = 3;

const LETTER_D = 100;
const LETTER_F = 102;
const UPPER_N = 78;
const UPPER_A = 65;
/** Digits that always fit a double's 53 bits. */
const EXACT_DIGITS = 15;

/** A record separator: no title on a web page comes with one by accident. */
const MARK = '\u001esluice';

/** What begins each line of ours. `nonce`: letters and digits, or empty. */
export function sluicePrefix(nonce = ''): string {
  return `${MARK}${nonce} `;
}

/** The values for two `--progress-template` options. */
export function sluiceTemplates(nonce = ''): { download: string; postprocess: string } {
  const prefix = sluicePrefix(nonce);
  const field = (name: string, format = 's'): string => `%(progress.${name})${format}`;
  const fields = [
    field('status', '.1s'),
    field('downloaded_bytes'),
    field('total_bytes'),
    field('total_bytes_estimate', '.0f'),
    field('speed', '.0f'),
    field('eta', '.0f'),
    field('fragment_index'),
    field('fragment_count'),
  ];
  return {
    download: `download:${prefix}${fields.join(' ')}`,
    postprocess: `postprocess:${prefix}p ${field('status')} ${field('postprocessor')}`,
  };
}

export class SluiceReader {
  private readonly prefix: Uint8Array;
  private readonly started: Uint8Array;
  /** The prefix and `d`, as they stood in the last record. */
  private readonly begin = new Known();
  /** ` 15618348 NA `: a file's total, or none, and what yt-dlp estimates. */
  private readonly totals = new Known();

  constructor(prefix: string) {
    this.prefix = toBytes(prefix);
    this.started = toBytes(`${prefix}p started `);
  }

  /** Whether a record can begin with this byte. */
  begins(c: number): boolean {
    return c === this.prefix[0];
  }

  /** Returns the index after the record that begins at `i`, or `~index` of the byte that does not fit. */
  read(source: Source, i: number, n: number, out: Float64Array): number {
    const b = source.bytes;
    let finished = false;
    const after = this.begin.again(source, i, n);
    if (after > 0) {
      i = after;
    } else {
      const status = i + this.prefix.length;
      if (!startsWith(b, i, this.prefix)) return ~i;
      finished = b[status] === LETTER_F;
      if (!finished && b[status] !== LETTER_D) return ~status;
      if (!finished) this.begin.keep(source, i, status + 1);
      i = status + 1;
    }
    i = readFields(b, i, out, RECEIVED, RECEIVED);
    if (i < 0) return i;
    const from = i;
    i = this.totals.again(source, from, n);
    if (i === 0) {
      i = readTotals(b, from, out);
      if (i < 0) return i;
      this.totals.keep(source, from, i);
    }
    // The blank before the speed is known too, or a longer number might begin like the last one.
    i = readFields(b, i - 1, out, SPEED, FRAGMENTS);
    if (i < 0) return i;

    const received = out[RECEIVED]!;
    const total = out[TOTAL]!;
    if (finished) out[PERCENT] = 100;
    else if (total > 0) out[PERCENT] = (100 * received) / total;
    else out[PERCENT] = NaN;
    if (finished || (total > 0 && received >= total)) out[ETA] = 0;
    out[FINISHED] = finished ? 1 : 0;
    return i;
  }

  /** To be called when the values were used for something else. */
  forget(): void {
    this.totals.forget();
  }

  /** Where a line of ours names the postprocessor that has begun; 0 when it says something else. */
  postprocessor(b: Uint8Array, start: number): number {
    return startsWith(b, start, this.started) ? start + this.started.length : 0;
  }
}

/** ` TOTAL ESTIMATE `, either of which may be `NA`: to after the last blank. */
function readTotals(b: Uint8Array, i: number, out: Float64Array): number {
  i = readFields(b, i, out, TOTAL, TOTAL);
  if (i < 0) return i;
  // The estimate goes through the slot of the flag that says whether it is used.
  i = readFields(b, i, out, ESTIMATED, ESTIMATED);
  if (i < 0) return i;
  if (b[i] !== SPACE) return ~i;
  const estimated = Number.isNaN(out[TOTAL]!);
  if (estimated) out[TOTAL] = out[ESTIMATED]!;
  out[ESTIMATED] = estimated && out[TOTAL]! > 0 ? 1 : 0;
  return i + 1;
}

/** A blank and a number, or `NA`, for each slot from `slot` to `last`: a call for each takes 5 ns more. */
function readFields(b: Uint8Array, i: number, out: Float64Array, slot: number, last: number): number {
  for (; slot <= last; slot++) {
    if (b[i] !== SPACE) return ~i;
    let c = b[++i]!;
    if (c === UPPER_N) {
      if (b[++i] !== UPPER_A) return ~i;
      out[slot] = NaN;
      i++;
      continue;
    }
    const first = i;
    let value = 0;
    for (; c >= ZERO && c <= NINE; c = b[++i]!) value = value * 10 + (c - ZERO);
    if (c <= SPACE && i > first && i - first <= EXACT_DIGITS) {
      out[slot] = value;
    } else {
      // Hardly ever: not a whole number, or a very long one.
      i = readDecimal(b, first, out, slot);
      if (i < 0) return i;
    }
  }
  return i;
}
