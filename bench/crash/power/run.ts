/**
 * `npm run crash:power [-- --cuts 60 --seed N --kinds one,hls --smaller 4]`: cuts the power of loop devices at random moments. Prints the figures and
 * writes bench/results/power.json, unless it is of some kinds or smaller files only; exit code 1 when any promise was broken. Needs root; says so loudly where it is not.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { prepareBuild } from '../../../scripts/tools/test-build.ts';
import { prepareYtDlp } from '../../../scripts/tools/test-yt-dlp.ts';
import { PROJECT } from '../../../tests/support/server.ts';
import { ytDlpMissing } from '../../../tests/support/yt-dlp.ts';
import { keepReport } from '../../harness.ts';
import { runPowerCuts } from './campaign.ts';
import { unlessPowerCuts } from './disk.ts';
import { KINDS, makeLongScenario, makePowerPlan } from './plan.ts';
import { brokenByPower, powerSummary } from './summary.ts';

const { values } = parseArgs({
  options: {
    cuts: { type: 'string', default: '60' },
    seed: { type: 'string' },
    smaller: { type: 'string' },
    /** Of `KINDS`, separated by commas. */
    kinds: { type: 'string' },
    /** Another checkout, built. */ project: { type: 'string' },
  },
});
const seed = Number(values.seed ?? process.env['SEED'] ?? randomInt(2 ** 31));
const cuts = Number(values.cuts);
// Seen by nobody else: whoever copies our mounts into a namespace of their own would hold them.
if (process.getuid?.() === 0 && process.env['SLUICE_POWER_NAMESPACE'] === undefined) {
  const argv = ['-m', process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const env = { ...process.env, SLUICE_POWER_NAMESPACE: '1' };
  const { status, error } = spawnSync('unshare', argv, { stdio: 'inherit', env });
  if (error === undefined) process.exit(status ?? 1);
}
const reason = unlessPowerCuts();
if (reason !== null) {
  console.log(`\n!!! SKIPPED: the ${cuts} power cuts. ${reason}\n`);
} else {
  console.log(`seed ${seed}: npm run crash:power -- --cuts ${cuts} --seed ${seed}`);
  const { project } = values;
  if (project === undefined) prepareBuild(PROJECT);
  await prepareYtDlp();
  const withoutYtDlp = ytDlpMissing();
  if (withoutYtDlp !== null) console.log(`Without yt-dlp: ${withoutYtDlp}`);
  const kinds = KINDS.filter((kind) => {
    return (kind !== 'yt-dlp' || withoutYtDlp === null) && (values.kinds?.split(',').includes(kind) ?? true);
  });
  const scenarios = makePowerPlan({ seed, cuts, kinds, smaller: Number(values.smaller ?? 1) });
  // Without it no file is synced before it is complete.
  if (kinds.includes('several') && values.smaller === undefined) scenarios.push(makeLongScenario());
  const report = await runPowerCuts({
    scenarios,
    seed,
    say: (line) => console.log(line),
    ...(project === undefined ? {} : { project }),
  });
  const broken = brokenByPower(report);
  console.log(powerSummary(report));
  for (const line of broken) console.log(`BROKEN ${line}`);
  if (values.smaller === undefined && values.kinds === undefined)
    keepReport('power', { seed, broken, ...report });
  process.exitCode = broken.length === 0 ? 0 : 1;
}
