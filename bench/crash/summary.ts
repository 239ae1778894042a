/** The figures of a run, and the promises it broke. */
import { type CampaignReport, READY_MS } from './campaign.ts';

/** One line for each broken promise. */
export function brokenPromises(report: CampaignReport): string[] {
  const { verdict, trouble, readyMs } = report;
  const late = readyMs.filter((ms) => ms > READY_MS);
  const say = (what: string, list: string[]): string[] => list.map((each) => `${what}: ${each}`);
  return [
    ...say('lost', verdict.lost),
    ...say('twice', verdict.duplicated),
    ...say('wrong bytes', verdict.wrongHash),
    ...say('undead', verdict.undead),
    ...say('left over', verdict.leftovers),
    ...say('failed', verdict.failed),
    ...trouble,
    ...late.map((ms) => `ready after ${Math.round(ms)} ms`),
  ];
}

export function summary(report: CampaignReport): string {
  const { verdict } = report;
  const wanted = report.downloads - report.removed;
  return [
    `${report.acknowledged} of ${report.downloads} adds acknowledged, ${report.removed} of them removed again`,
    `${report.serverKills} kills of the server (${report.killedBeforeReady} before it was ready, ` +
      `${report.enginesAtKills} engine processes alive at them), ${report.engineKills} of engines`,
    `lost ${verdict.lost.length}, twice ${verdict.duplicated.length}, failed ${verdict.failed.length}, ` +
      `right hashes ${verdict.rightHashes} of ${wanted}, leftovers ${verdict.leftovers.length}`,
    `no process left after a server kill: ${ms(report.orphanMs)}; group gone after an engine kill: ${ms(report.groupMs)}`,
    `ready after a start: ${ms(report.readyMs)}; the last stop took ${Math.round(report.stopMs)} ms`,
    `${(report.durationMs / 1000).toFixed(0)} s in all`,
  ].join('\n');
}

/** ms. */
interface Distribution {
  median: number;
  p95: number;
  worst: number;
  count: number;
}

/** The stored result of a run: distributions instead of single times. */
export function figures({ readyMs, orphanMs, groupMs, ...rest }: CampaignReport): object {
  return {
    ...rest,
    readyMs: distribution(readyMs),
    orphanMs: distribution(orphanMs),
    groupMs: distribution(groupMs),
  };
}

/** null without values. */
function distribution(values: number[]): Distribution | null {
  if (values.length === 0) return null;
  const sorted = values.map(Math.round).sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
  return { median: at(0.5), p95: at(0.95), worst: at(1), count: sorted.length };
}

function ms(values: number[]): string {
  const spread = distribution(values);
  if (spread === null) return 'never measured';
  const { median, p95, worst, count } = spread;
  return `median ${median} ms, p95 ${p95} ms, worst ${worst} ms (${count})`;
}
