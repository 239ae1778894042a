/** The printed report of a test run; its last line is for machines. */
import type { TestOutcome } from './test-child.ts';

/** One line while the run goes on. */
export function progressLine(outcome: TestOutcome): string {
  const { file, passed, failed, skipped, durationMs } = outcome;
  const skippedPart = skipped > 0 ? `, ${skipped} skipped` : '';
  const failedPart = failed > 0 ? `, ${failed} FAILED` : '';
  return `${failed > 0 ? '✘' : '•'} ${file.path} (${passed} passed${failedPart}${skippedPart}, ${(durationMs / 1000).toFixed(1)} s)`;
}

/** Failures in full, then skipped tests with their reasons, then the totals alone on the last line. */
export function finalReport(outcomes: TestOutcome[], refused: { path: string; reason: string }[]): string {
  const lines: string[] = [];
  for (const { file, failed, trouble, output } of outcomes) {
    if (failed === 0) continue;
    lines.push('', `━━ ${file.path}${trouble === null ? '' : `: ${trouble}`}`, output.trim());
  }
  for (const { path, reason } of refused) lines.push('', `━━ ${path}: refused, ${reason}`);

  const skips = outcomes.flatMap(({ file, skips: reasons, skipped }) => [
    ...reasons.map((reason) => `  ${file.path}: ${reason}`),
    ...(skipped > reasons.length ? [`  ${file.path}: ${skipped - reasons.length} without a reason`] : []),
  ]);
  if (skips.length > 0) lines.push('', 'Skipped:', ...skips);

  const sum = (pick: (outcome: TestOutcome) => number): number =>
    outcomes.reduce((total, outcome) => total + pick(outcome), 0);
  const passed = sum((outcome) => outcome.passed);
  const failed = sum((outcome) => outcome.failed) + refused.length;
  const skipped = sum((outcome) => outcome.skipped);
  lines.push('', `${passed} passed, ${failed} failed, ${skipped} skipped`);
  return lines.join('\n');
}
