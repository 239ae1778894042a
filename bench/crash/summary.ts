/** A run in figures, and the promises it broke. */
import { spreadOf } from '../harness.ts';
import { type CampaignReport, READY_MS } from './campaign.ts';

/** What is wrong, a line each; [] = all promises were kept. */
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

function ms(values: number[]): string {
  if (values.length === 0) return 'never measured';
  const round = Math.round;
  const { median } = spreadOf(values);
  const sorted = [...values].sort((a, b) => a - b);
  const p95 = sorted[Math.floor(0.95 * (sorted.length - 1))]!;
  return `median ${round(median)} ms, p95 ${round(p95)} ms, worst ${round(Math.max(...values))} ms (${values.length})`;
}
