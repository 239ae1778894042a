/**
 * The progress that Sluice asks yt-dlp for: one short line of exact numbers, never a title.
 *
 *     <RS>sluice d 11784403 15618348 NA 2351218 1 NA NA
 *
 * Titles are printed raw elsewhere, with their line ends; so that none can begin such a line, the prefix may hold
 * a nonce of the run.
 */
import { startsWith, toBytes, toText } from './bytes.ts';
import { readDecimal } from './decimal.ts';

// Folded by V8 as they are this file's own; imported ones it loads each time (README, Why it is fast).
const SPACE = 32;
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
const LETTER_P = 112;
const UPPER_N = 78;
const UPPER_A = 65;

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

  constructor(prefix: string) {
    this.prefix = toBytes(prefix);
  }

  /** Returns the index after the record that begins at `i`, or `~index` of the byte that does not fit. */
  read(b: Uint8Array, i: number, out: Float64Array): number {
    if (!startsWith(b, i, this.prefix)) return ~i;
    i += this.prefix.length;
    const status = b[i];
    if (status !== LETTER_D && status !== LETTER_F) return ~i;
    i = readField(b, i + 1, out, RECEIVED);
    if (i < 0) return i;
    i = readField(b, i, out, TOTAL);
    if (i < 0) return i;
    // The estimate goes through the slot of the flag that says whether it was used.
    i = readField(b, i, out, ESTIMATED);
    if (i < 0) return i;
    i = readField(b, i, out, SPEED);
    if (i < 0) return i;
    i = readField(b, i, out, ETA);
    if (i < 0) return i;
    i = readField(b, i, out, FRAGMENT);
    if (i < 0) return i;
    i = readField(b, i, out, FRAGMENTS);
    if (i < 0) return i;

    const received = out[RECEIVED]!;
    let total = out[TOTAL]!;
    let estimated = 0;
    if (Number.isNaN(total)) {
      total = out[ESTIMATED]!;
      if (total > 0) estimated = 1;
      out[TOTAL] = total;
    }
    out[ESTIMATED] = estimated;
    const finished = status === LETTER_F;
    const percent = finished ? 100 : total > 0 ? (100 * received) / total : NaN;
    out[PERCENT] = percent;
    if (percent >= 100) out[ETA] = 0;
    out[FINISHED] = finished ? 1 : 0;
    return i;
  }

  /** The postprocessor that a line of ours says has begun; null when it says something else. */
  postprocessor(b: Buffer, start: number, end: number): string | null {
    if (!startsWith(b, start, this.prefix) || b[start + this.prefix.length] !== LETTER_P) return null;
    const words = toText(b, start, end).trim().split(' ');
    return words.at(-2) === 'started' ? words.at(-1)! : null;
  }
}

/** A blank and a number, or `NA`. */
function readField(b: Uint8Array, i: number, out: Float64Array, slot: number): number {
  if (b[i] !== SPACE) return ~i;
  if (b[++i] !== UPPER_N) return readDecimal(b, i, out, slot);
  if (b[++i] !== UPPER_A) return ~i;
  out[slot] = NaN;
  return i + 1;
}
