/**
 * `npm run crash [-- --downloads 1000 --kills 100 --engine-kills 50 --seed N --keep]`: tests that nothing is lost.
 * `SEED=N` replays a plan as well. Prints the figures and writes bench/results/crash.json; exit code 1 when any
 * promise was broken. Then it measures what a kill costs a transfer (`refetch.ts`). Ends with `--cuts 60` power cuts (bench/crash/power), where they can be had.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareBuild } from '../../scripts/tools/test-build.ts';
import { prepareYtDlp } from '../../scripts/tools/test-yt-dlp.ts';
import { mediaMissing } from '../../tests/site/media.ts';
import { startSite } from '../../tests/site/site.ts';
import { makePlace, PROJECT } from '../../tests/support/server.ts';
import { ytDlpMissing } from '../../tests/support/yt-dlp.ts';
import { keepReport } from '../harness.ts';
import { runCampaign } from './campaign.ts';
import { makePlan } from './plan.ts';
import { brokenByRefetching, measureRefetched, refetchSummary } from './refetch.ts';
import { slowStream } from './slow-stream.ts';
import { brokenPromises, figures, summary } from './summary.ts';

const REFETCH_KILLS = 8;

const { values } = parseArgs({
  options: {
    downloads: { type: 'string', default: '1000' },
    kills: { type: 'string', default: '100' },
    'engine-kills': { type: 'string', default: '50' },
    seed: { type: 'string' },
    'max-bytes': { type: 'string', default: '20000000' },
    cuts: { type: 'string', default: '60' },
    /** Keeps the data and the files. */
    keep: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed ?? process.env['SEED'] ?? randomInt(2 ** 31));
const kills = Number(values.kills);
console.log(`seed ${seed}: npm run crash -- --downloads ${values.downloads} --kills ${kills} --seed ${seed}`);

prepareBuild(PROJECT);
await prepareYtDlp();
const withoutYtDlp = ytDlpMissing();
if (withoutYtDlp !== null) console.log(`Without yt-dlp: ${withoutYtDlp}`);

const plan = makePlan({
  seed,
  downloads: Number(values.downloads),
  kills,
  engineKills: withoutYtDlp === null ? Number(values['engine-kills']) : 0,
  ytDlpShare: withoutYtDlp === null ? 0.12 : 0,
  maxBytes: Number(values['max-bytes']),
});
const site = await startSite();
const place = makePlace();
const logFile = join(place.dir, 'servers.log');
const live = withoutYtDlp === null && mediaMissing === null;
try {
  const report = await runCampaign({
    plan,
    place,
    site,
    liveUrl: live ? slowStream(site.url) : null,
    env: { SLUICE_MAX_ACTIVE: '16', SLUICE_MAX_ACTIVE_PER_SESSION: '6' },
    logFile,
    say: (line) => console.log(line),
  });
  const refetched = await measureRefetched({ seed, kills: REFETCH_KILLS });
  const broken = [...brokenPromises(report), ...brokenByRefetching(refetched)];
  console.log(summary(report));
  console.log(refetchSummary(refetched));
  for (const line of broken) console.log(`BROKEN ${line}`);
  keepReport('crash', { broken, ...figures(report), refetched });
  process.exitCode = broken.length === 0 ? 0 : 1;
} finally {
  await site.close();
  if (values.keep || process.exitCode !== 0) console.log(`left: ${place.dir}`);
  else place.remove();
}

if (Number(values.cuts) > 0) {
  const power = join(import.meta.dirname, 'power/run.ts');
  const argv = [...process.execArgv, power, '--cuts', values.cuts, '--seed', String(seed)];
  const { status } = spawnSync(process.execPath, argv, { stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}
