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

const LETTER_D = 100;
const LETTER_F = 102;
const UPPER_N = 78;
const UPPER_A = 65;
/** What a record says after its status, in this order. */
const FIELD_RECEIVED = 0;
const FIELD_TOTAL = 1;
const FIELD_ESTIMATE = 2;
const FIELD_SPEED = 3;
const FIELD_ETA = 4;
const FIELD_FRAGMENT = 5;
const FIELD_FRAGMENTS = 6;
const FIELDS = 7;

/** Digits that always fit 32 bits. */
const INT_DIGITS = 9;

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
  /** Of the last record. No one else writes here, so what is known of it stays true. */
  private readonly fields = new Float64Array(FIELDS);
  /** The prefix and `d`, as they stood in the last record. */
  private readonly begin = new Known();
  /** ` 15618348 NA `: a file's total, or none, and what yt-dlp estimates. */
  private readonly totals = new Known();
  /** ` 1 NA NA`: the time that is left, and fragments. */
  private readonly rest = new Known();

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
    i = this.readFields(source, i, n);
    if (i < 0) return i;

    const { fields } = this;
    const received = fields[FIELD_RECEIVED]!;
    const exact = fields[FIELD_TOTAL]!;
    const guessed = Number.isNaN(exact);
    const total = guessed ? fields[FIELD_ESTIMATE]! : exact;
    const complete = finished || (total > 0 && received >= total);
    out[PERCENT] = finished ? 100 : total > 0 ? (100 * received) / total : NaN;
    out[RECEIVED] = received;
    out[TOTAL] = total;
    out[SPEED] = fields[FIELD_SPEED]!;
    out[ETA] = complete ? 0 : fields[FIELD_ETA]!;
    out[FRAGMENT] = fields[FIELD_FRAGMENT]!;
    out[FRAGMENTS] = fields[FIELD_FRAGMENTS]!;
    out[ESTIMATED] = guessed && total > 0 ? 1 : 0;
    out[FINISHED] = finished ? 1 : 0;
    return i;
  }

  /** Where a line of ours names the postprocessor that has begun; 0 when it says something else. */
  postprocessor(b: Uint8Array, start: number): number {
    return startsWith(b, start, this.started) ? start + this.started.length : 0;
  }

  /**
   * The fields after the status. Those that change are each followed by text that nearly always stands there again.
   * A loop, so that there is one call of `readNumbers`, which V8 puts in line.
   */
  private readFields(source: Source, i: number, n: number): number {
    const { fields } = this;
    const b = source.bytes;
    let from = 0;
    for (let first = FIELD_RECEIVED, last = FIELD_RECEIVED; ;) {
      i = readNumbers(b, i, fields, first, last);
      if (i < 0) return i;
      if (last === FIELD_RECEIVED) {
        from = i;
        const known = this.totals.again(source, from, n);
        first = known > 0 ? FIELD_SPEED : FIELD_TOTAL;
        last = known > 0 ? FIELD_SPEED : FIELD_ESTIMATE;
        // The blank before the speed is known too, or a longer number might begin like the last one.
        if (known > 0) i = known - 1;
      } else if (last === FIELD_ESTIMATE) {
        if (b[i] !== SPACE) return ~i;
        this.totals.keep(source, from, i + 1);
        first = last = FIELD_SPEED;
      } else if (last === FIELD_SPEED) {
        from = i;
        const known = this.rest.again(source, from, n);
        if (known > 0 && b[known]! <= CR) return known;
        // It is new, or its last number is longer.
        this.rest.forget();
        first = FIELD_ETA;
        last = FIELD_FRAGMENTS;
      } else {
        this.rest.keep(source, from, i);
        return i;
      }
    }
  }
}

/** A blank and a number, or `NA`, for each field from `slot` to `last`: a call for each takes 5 ns more. */
function readNumbers(b: Uint8Array, i: number, out: Float64Array, slot: number, last: number): number {
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
    for (; c >= ZERO && c <= NINE; c = b[++i]!) value = (Math.imul(value, 10) + (c - ZERO)) | 0;
    if (c <= SPACE && i > first && i - first <= INT_DIGITS) {
      out[slot] = value;
    } else {
      // Hardly ever: not a whole number, or a very long one.
      i = readDecimal(b, first, out, slot);
      if (i < 0) return i;
    }
  }
  return i;
}
