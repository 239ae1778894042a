/** The power part in figures, and the promises it broke. */
import type { PowerReport } from './report.ts';

/** What is wrong, a line each; [] = all promises were kept. */
export function brokenByPower(report: PowerReport): string[] {
  const say = (what: string, list: string[]): string[] => list.map((each) => `${what}: ${each}`);
  return [
    ...say('complete without its bytes', report.incomplete),
    ...say('lost', report.lost),
    ...say('served short', report.served),
    ...say('complete, and then not', report.takenBack),
    ...say('fetched again', report.refetched),
    ...say('left over', report.leftovers),
  ];
}

export function powerSummary(report: PowerReport): string {
  const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);
  return [
    `${report.cuts} power cuts (${report.cutsWithComplete} with files that were complete), ${report.downloads} downloads`,
    `complete without their bytes ${report.incomplete.length}, adds lost ${report.lost.length}, ` +
      `served short ${report.served.length}, taken back ${report.takenBack.length}, left over ${report.leftovers.length}`,
    ...Object.entries(report.bytes).map(
      ([kind, { whole, again, mostAgain }]) =>
        `${kind}: ${mb(again)} MB fetched again for ${mb(whole)} MB, ${mb(mostAgain)} MB at most for one`,
    ),
  ].join('\n');
}
