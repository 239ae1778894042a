/** The summary that a uvu process prints. */
export interface UvuSummary {
  total: number;
  passed: number;
  skipped: number;
}

/** The last summary in the output; null = uvu did not finish. */
export function parseUvuSummary(output: string): UvuSummary | null {
  const blocks = output.matchAll(
    /^ {2}Total: +(\d+)\n {2}Passed: +(\d+)\n {2}Skipped: +(\d+)\n {2}Duration:/gm,
  );
  const last = [...blocks].at(-1);
  if (!last) return null;
  const [total, passed, skipped] = last.slice(1).map(Number);
  return { total: total ?? 0, passed: passed ?? 0, skipped: skipped ?? 0 };
}

/** The `SKIP name: reason` lines of tests/support/skip.ts. */
export function skipLines(output: string): string[] {
  return [...output.matchAll(/^SKIP (.+)$/gm)].map((match) => match[1] ?? '');
}
