/** All attacks, each with how many tries it promises. */
import { Report } from './report.ts';
import type { Scale, Scene } from './scene.ts';
import { attackByFixation } from './fixation.ts';
import { attackByForgery } from './forged.ts';
import { fuzzApi } from './fuzz/api.ts';
import { fuzzChannel } from './fuzz/channel.ts';
import { attackFromEngine } from './hostile-engine.ts';
import { attackByNames } from './names.ts';
import { attackQuotas } from './quotas.ts';
import { attackReaders } from './readers.ts';
import { attackByScript } from './script.ts';
import { attackBySsrf, controlSsrf } from './ssrf/ssrf.ts';

interface Attack {
  name: string;
  atLeast: Record<Scale, number>;
  run: (scene: Scene, report: Report) => Promise<void>;
}

export const ATTACKS: readonly Attack[] = [
  { name: 'private addresses', atLeast: { slice: 40, full: 1_500 }, run: attackBySsrf },
  // With the guard open, as the proof that each way leads there: it counts what did not get through.
  { name: 'control of addresses', atLeast: { slice: 0, full: 40 }, run: controlSsrf },
  { name: 'hostile engine', atLeast: { slice: 30, full: 120 }, run: attackFromEngine },
  { name: 'readers of text', atLeast: { slice: 6, full: 120 }, run: attackReaders },
  { name: 'quotas', atLeast: { slice: 0, full: 10 }, run: attackQuotas },
  { name: 'fixed sessions', atLeast: { slice: 200, full: 200 }, run: attackByFixation },
  { name: 'forged requests', atLeast: { slice: 300, full: 4_000 }, run: attackByForgery },
  { name: 'names of files', atLeast: { slice: 20, full: 800 }, run: attackByNames },
  { name: 'script in texts', atLeast: { slice: 0, full: 400 }, run: attackByScript },
  { name: 'fuzzed channel', atLeast: { slice: 800, full: 50_000 }, run: fuzzChannel },
  { name: 'fuzzed API', atLeast: { slice: 800, full: 50_000 }, run: fuzzApi },
];

/** @param words each selects the attacks whose names include it; none = all */
export async function attack(scene: Scene, words: readonly string[] = []): Promise<Report[]> {
  const reports: Report[] = [];
  for (const { name, atLeast, run } of ATTACKS) {
    if (words.length > 0 && !words.some((word) => name.includes(word))) continue;
    const report = new Report(name, atLeast[scene.scale]);
    const startedMs = performance.now();
    try {
      await run(scene, report);
    } catch (thrown) {
      report.through.push(
        `the attack itself failed: ${thrown instanceof Error ? thrown.stack : String(thrown)}\nThe server's log ends with: ${scene.server.log.slice(-3_000)}`,
      );
    }
    report.seconds = (performance.now() - startedMs) / 1000;
    reports.push(report);
  }
  return reports;
}
