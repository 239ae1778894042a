/** An engine's error lines, of which one is to be understood. What they quote is a stranger's. Pure. */
import type { ErrorCode } from '../protocol/error.ts';
import { MAX_ERROR_CHARS, MAX_ERROR_LINES } from './limits.ts';

export type Patterns = readonly (readonly [RegExp, ErrorCode])[];

export interface EngineEnd {
  /** The text of its error lines, in order. */
  lines: readonly string[];
  exitCode: number | null;
  signal: string | null;
}

/**
 * The last lines, of long ones both ends. Only then patterns look at them: with `.*` in the middle they are quadratic, and
 * that of 2 x 2,000 characters is the most that is paid.
 */
export function lastLines(lines: readonly string[]): string[] {
  return lines.slice(-MAX_ERROR_LINES).map((line) => {
    if (line.length <= 2 * MAX_ERROR_CHARS) return line;
    return `${line.slice(0, MAX_ERROR_CHARS)} … ${line.slice(-MAX_ERROR_CHARS)}`;
  });
}

/** From the last line to the first the one that a pattern fits, and what the pattern means. */
export function understood(
  lines: readonly string[],
  patterns: Patterns,
): { code: ErrorCode; line: string } | null {
  for (const line of [...lines].reverse()) {
    const found = patterns.find(([pattern]) => pattern.test(line));
    if (found) return { code: found[1], line };
  }
  return null;
}
