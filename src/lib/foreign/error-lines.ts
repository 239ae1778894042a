/** Finds a known error in the error lines of an engine, which may quote untrusted text. Pure. */
import type { ErrorCode } from '../protocol/error.ts';
import { MAX_ERROR_CHARS, MAX_ERROR_LINES } from './limits.ts';

export type ErrorPatterns = readonly (readonly [RegExp, ErrorCode])[];

export interface FailedRun {
  /** Its error lines, in order. */
  lines: readonly string[];
  exitCode: number | null;
  signal: string | null;
}

/**
 * The last lines, cut in the middle if they are long: patterns with `.*` inside take quadratic time, which is affordable for
 * 2 x 2,000 characters.
 */
export function lastErrorLines(lines: readonly string[]): string[] {
  return lines.slice(-MAX_ERROR_LINES).map((line) => {
    if (line.length <= 2 * MAX_ERROR_CHARS) return line;
    return `${line.slice(0, MAX_ERROR_CHARS)} … ${line.slice(-MAX_ERROR_CHARS)}`;
  });
}

/**
 * The last line that matches a pattern, and the code of the pattern.
 * @param messageIn the part of a line that is matched
 */
export function findKnownError(
  lines: readonly string[],
  patterns: ErrorPatterns,
  messageIn = (line: string): string => line,
): { code: ErrorCode; line: string } | null {
  for (const line of [...lines].reverse()) {
    const message = messageIn(line);
    const found = patterns.find(([pattern]) => pattern.test(message));
    if (found) return { code: found[1], line };
  }
  return null;
}
