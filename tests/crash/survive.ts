/** A short `npm run crash`. Durations are not asserted, as the machine may be busy. */
import { randomInt } from 'node:crypto';
import * as assert from 'uvu/assert';
import { runCampaign } from '../../bench/crash/campaign.ts';
import { makePlan, type PlanOptions } from '../../bench/crash/plan.ts';
import { slowStream } from '../../bench/crash/slow-stream.ts';
import { brokenPromises, summary } from '../../bench/crash/summary.ts';
import { mediaMissing } from '../site/media.ts';
import { startSite } from '../site/site.ts';
import { makePlace } from '../support/server.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';

const withYtDlp = ytDlpMissing() === null;
/** Another one each time. */
export const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31));

/** @param options `engineKills`: if yt-dlp is there */
export async function survive(
  options: Pick<PlanOptions, 'seed' | 'downloads' | 'kills' | 'engineKills'>,
): Promise<void> {
  console.log(`seed ${options.seed}; SEED=${options.seed} replays its plan`);
  const plan = makePlan({
    ...options,
    engineKills: withYtDlp ? options.engineKills : 0,
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
