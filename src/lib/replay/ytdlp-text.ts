/**
 * yt-dlp's stock progress text (`report_progress` in its downloader/common.py):
 *
 *     [download]  26.8% of   14.89MiB at    3.98MiB/s ETA 00:02
 *     [download]  31.8% of ~   6.28MiB at    1.11MiB/s ETA 00:03 (frag 1/4)
 *     [download]   N/A% at  Unknown B/s ETA Unknown
 *     [download]    2.00MiB at    1.48MiB/s (00:00:01)
 *     [download] 100% of   14.89MiB in 00:00:07 at 2.12MiB/s
 *     [download] Download completed
 */
import type { RecordEnd, RecordReader } from '../annie/progress/lines.ts';

const SIZE = String.raw`\d+\.\d\d(?:B|[KMGTPEZY]iB)`;
const SPEED = `(?:Unknown B|N/A|${SIZE})/s`;
const CLOCK = String.raw`(?:\d\d+:\d\d(?::\d\d)?|--:--:--)`;
const FRAGMENT = String.raw`(?: \(frag \d+(?:/\d+)?\))?`;
const TOTAL = ` of (?<guess>~?) *(?<total>${SIZE}|N/A)`;
const RUNNING = new RegExp(
  `^(?<percent>\\d+\\.\\d|N/A)%(?:${TOTAL})? at +(?<speed>${SPEED}) ETA +(?<eta>${CLOCK}|Unknown)${FRAGMENT}`,
);
/** For a file of unknown size. The time is elapsed time. */
const SIZELESS = new RegExp(`^(?<received>${SIZE}) at +(?<speed>${SPEED})(?: \\(${CLOCK}\\))?${FRAGMENT}`);
/** The last record of a file, or the only one when the file existed already. */
const COMPLETE = new RegExp(
  `^0*100%(?: of +(?<total>${SIZE}))?(?: in ${CLOCK})?(?: at +(?<speed>${SPEED}))?`,
);
const BEGIN = /^\[download\] +/;
/** The only record with `--no-progress`. */
const COMPLETED = '[download] Download completed';
const RETRY = '[download] Got error';
const UNITS = 'BKMGTPEZY';

export const readYtDlpText: RecordReader = (segment, record) => {
  const begin = BEGIN.exec(segment)?.[0].length;
  if (begin === undefined) return null;
  const text = segment.slice(begin);
  const running = RUNNING.exec(text);
  const match = running ?? SIZELESS.exec(text) ?? COMPLETE.exec(text);
  if (match === null) return readCompleted(segment, record, false);
  const found = recordEnd(segment, begin + match[0].length, running !== null);
  if (found === null) return null;
  const { percent, guess, total, received, speed, eta } = match.groups ?? {};
  const isComplete = running === null && received === undefined;
  const percentage = isComplete ? 100 : Number(percent ?? NaN);
  record.set({
    percent: percentage,
    receivedBytes: bytesOf(isComplete ? total : received),
    totalBytes: bytesOf(total),
    bytesPerSecond: bytesOf(speed),
    etaSeconds: percentage >= 100 ? 0 : secondsOf(eta),
    estimated: guess === '~',
  });
  return found;
};

export const readCompleted: RecordReader = (segment, record) => {
  if (!segment.startsWith(COMPLETED)) return null;
  const found = recordEnd(segment, COMPLETED.length, false);
  if (found !== null) record.set({ percent: 100, etaSeconds: 0 });
  return found;
};

/**
 * The end of a record at `end`; null when more than blanks follows. In CR mode a retry message may directly follow a
 * record of a running download (`isRunning`).
 */
export function recordEnd(segment: string, end: number, isRunning: boolean): RecordEnd | null {
  let rest = end;
  while (segment[rest] === ' ') rest++;
  return rest === segment.length || (isRunning && segment.startsWith(RETRY, rest)) ? { end, rest } : null;
}

/** `14.89MiB` in bytes, rounded; NaN for anything else. */
function bytesOf(size: string | undefined): number {
  const match = /^(\d+)\.(\d\d)([A-Z])/.exec(size ?? '');
  if (match === null) return NaN;
  const [, whole = '', hundredths = '', unit = ''] = match;
  return Math.floor((Number(whole + hundredths) * 1024 ** UNITS.indexOf(unit)) / 100 + 0.5);
}

/** `02:50` or `01:02:03` in seconds; NaN for anything else. */
function secondsOf(clock: string | undefined): number {
  return (clock ?? 'NaN').split(':').reduce((seconds, part) => seconds * 60 + Number(part), 0);
}
