import { randomInt } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runCampaign } from '../../bench/crash/campaign.ts';
import { makePlan, type PlanOptions } from '../../bench/crash/plan.ts';
import { slowStream } from '../../bench/crash/slow-stream.ts';
import { brokenPromises, summary } from '../../bench/crash/summary.ts';
import { noProc } from '../process/machine.ts';
import { mediaMissing } from '../site/media.ts';
import { startSite } from '../site/site.ts';
import { makePlace } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';
import { FAILED_SEEDS } from './failed-seeds.ts';

const withYtDlp = ytDlpMissing() === null;

/** A short `npm run crash`. Durations are not asserted, as the machine may be busy. */
async function survive(
  options: Pick<PlanOptions, 'seed' | 'downloads' | 'kills' | 'engineKills'>,
): Promise<void> {
  console.log(`seed ${options.seed}; SEED=${options.seed} replays its plan`);
  const plan = makePlan({
    ...options,
    ytDlpShare: withYtDlp ? 0.1 : 0,
    maxBytes: 2_000_000,
    maxLifeMs: 1_000,
  });
  const site = await startSite();
  const place = makePlace();
  try {
    const liveUrl = withYtDlp && mediaMissing === null ? slowStream(site.url) : null;
    const report = await runCampaign({ plan, place, site, liveUrl });
    console.log(summary(report));
    assert.equal(
      brokenPromises(report).filter((line) => !line.startsWith('ready after')),
      [],
    );
    assert.is(report.acknowledged, options.downloads);
  } finally {
    await site.close();
    place.remove();
  }
}

const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));

testUnless(test, noProc, 'after 20 kills of the server no download is lost, duplicated or wrong', () =>
  survive({ seed, downloads: 80, kills: 20, engineKills: withYtDlp ? 8 : 0 }),
);

for (const { seed: failed, was } of FAILED_SEEDS) {
  testUnless(test, noProc, `nothing is lost with the plan of seed ${failed} (it was: ${was})`, () =>
    survive({ seed: failed, downloads: 30, kills: 6, engineKills: 0 }),
  );
}

test.run();
