/**
 * The progress that Sluice asks yt-dlp for: one short line of exact numbers, never a title.
 *
 *     <RS>sluice d 11784403 15618348 NA 2351218 1 NA NA
 *
 * Titles are printed raw elsewhere, with their line ends; so that none can begin such a line, the prefix may hold a
 * nonce of the run.
 */
import { type RecordReader, wholeSegment } from './lines.ts';
import { trimmedLength } from './text.ts';

/** A record separator: no title on a web page comes with one by accident. */
const MARK = '\u001esluice';

/** Python's numbers, or `NA`. */
const FIELD = String.raw` (NA|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)`;
/** After the prefix: received, total, estimate, speed, time left, fragment, fragments. */
const RECORD = new RegExp(`^([df])${FIELD.repeat(7)}$`);

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

/** @param prefix what begins each line of ours */
export function sluiceReader(prefix: string): RecordReader {
  return (segment, record) => {
    if (!segment.startsWith(prefix)) return null;
    const match = RECORD.exec(segment.slice(prefix.length, trimmedLength(segment)));
    if (match === null) return null;
    // `NA` becomes NaN.
    const [received = NaN, exact = NaN, estimate = NaN, speed = NaN, eta = NaN, , fragments = NaN] = match
      .slice(2)
      .map(Number);
    const isFinished = match[1] === 'f';
    const totalBytes = Number.isNaN(exact) ? estimate : exact;
    const isComplete = isFinished || (totalBytes > 0 && received >= totalBytes);
    record.set({
      percent: isFinished ? 100 : totalBytes > 0 ? (100 * received) / totalBytes : NaN,
      receivedBytes: received,
      totalBytes,
      bytesPerSecond: speed,
      etaSeconds: isComplete ? 0 : eta,
      estimated: Number.isNaN(exact) && totalBytes > 0,
      fragmented: !Number.isNaN(fragments),
      finished: isFinished,
    });
    return wholeSegment(segment);
  };
}
