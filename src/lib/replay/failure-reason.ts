import type { Recording } from './recording.ts';

/** Enough for a final message. */
const TAIL_BYTES = 4096;
/** ffmpeg's status, and a line of `-progress`. */
const STATUS = /^\w+=/;

/**
 * ffmpeg's reason for a failure: it does not mark errors, but its last line that neither continues another nor reports
 * progress is the reason. null for other engines: their errors are marked.
 */
export function failureReason({ header, chunks }: Recording): string | null {
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
