import type { Recording } from './recording.ts';

/** Enough for the message that a program ends with. */
const TAIL_BYTES = 4096;
/** ffmpeg's status, and a line of `-progress`. */
const STATUS = /^\w+=/;

/**
 * What ffmpeg says of a failure: it has no mark for errors, but its last line that neither goes on with another
 * nor tells progress is the reason. null for other engines, whose parsers know an error when they see one.
 */
export function lastWords({ header, chunks }: Recording): string | null {
  if (!header.engine.startsWith('ffmpeg')) return null;
  // A terminal has one fd.
  const fd = header.mode === 'pty' ? 1 : 2;
  const log = Buffer.concat(chunks.filter((chunk) => chunk.fd === fd).map(({ data }) => data));
  const lines = log
    .subarray(-TAIL_BYTES)
    .toString()
    .split(/[\r\n]+/);
  return lines.findLast((line) => /^\S/.test(line) && !STATUS.test(line))?.trimEnd() ?? null;
}
