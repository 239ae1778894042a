import { toText } from '../progress/bytes.ts';
import type { Recording } from './recording.ts';

/** Enough for the message that a program ends with. */
const TAIL_BYTES = 4096;
const STATUS = /^(?:frame=|L?size=)/;

/**
 * What ffmpeg says of a failure: it has no mark for errors, but its last line that neither goes on with another
 * nor tells progress is the reason. null for other engines, whose parsers know an error when they see one.
 */
export function lastWords({ header, chunks }: Recording): string | null {
  if (!header.engine.startsWith('ffmpeg')) return null;
  const tail: number[] = [];
  for (const { data } of chunks.filter(({ fd }) => fd === 2).toReversed()) {
    tail.unshift(...data);
    if (tail.length > TAIL_BYTES) break;
  }
  const lines = toText(Buffer.from(tail), 0, tail.length).split(/[\r\n]+/);
  return lines.findLast((line) => /^\S/.test(line) && !STATUS.test(line))?.trimEnd() ?? null;
}
