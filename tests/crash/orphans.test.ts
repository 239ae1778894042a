import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { OrphanWatch } from '../../bench/crash/orphans.ts';
import { slowStream } from '../../bench/crash/slow-stream.ts';
import { Victim } from '../../bench/crash/victim.ts';
import type { MarkedProcess } from '../../bench/crash/processes.ts';
import { noProc } from '../process/machine.ts';
import { mediaMissing } from '../site/media.ts';
import { startSite } from '../site/site.ts';
import { Api } from '../support/api.ts';
import { makePlace, type Place } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { settles, waitFor } from '../support/wait.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';
import { NOBODY, nobodyMissing, makePlaceFor } from './ordinary-user.ts';

const reason = noProc ?? ytDlpMissing() ?? mediaMissing;

/** yt-dlp and its child ffmpeg, which a plain spawn would leave behind. */
async function startYtDlpWithFfmpeg(
  watch: OrphanWatch,
): Promise<{ all: MarkedProcess[]; leader: MarkedProcess }> {
  const found = await waitFor(
    () => {
      const all = watch.living();
      const ffmpeg = all.find(({ command }) => /ffmpeg/.test(command.split(' ')[0] ?? ''));
      const leader = all.find(({ pid }) => pid === ffmpeg?.group);
      return leader && ffmpeg && leader.pid !== ffmpeg.pid ? { all, leader } : null;
    },
    { what: 'yt-dlp to run ffmpeg', deadlineMs: 60_000 },
  );
  return found;
}

async function hardCase(place: Place, uid?: number): Promise<void> {
  const site = await startSite();
  const env = { SLUICE_ENGINES: 'yt-dlp' };
  const victim = await Victim.create({ place, env, ...(uid === undefined ? {} : { uid }) });
  const watch = new OrphanWatch(place.dataDir);
  const start = (): Promise<unknown> => settles(victim.start().ready, { what: 'the server to be ready' });
  try {
    await start();
    const api = await Api.create(victim.url);
    const id = await api.add({ url: slowStream(site.url), engine: 'yt-dlp' });
    for (let round = 0; round < 2; round++) {
      const { all } = await startYtDlpWithFfmpeg(watch);
      await victim.kill();
      await watch.serverKilled(performance.now(), all);
      assert.equal(watch.trouble, []);
      await start();
    }
    const { leader } = await startYtDlpWithFfmpeg(watch);
    const { attempt } = await api.get(id);
    process.kill(leader.pid, 'SIGKILL');
    await watch.leaderKilled(performance.now(), leader);
    assert.equal(watch.trouble, []);
    await api.waitUntil(id, 'the next attempt', (row) => row.attempt > attempt);
    await startYtDlpWithFfmpeg(watch);
    assert.is((await api.call('DELETE', `/api/downloads/${id}`)).status, 204);
    assert.equal(watch.living(), []);
    assert.is((await victim.stop()).exitCode, 0);
  } finally {
    await victim.kill();
    await site.close();
    place.remove();
  }
}

testUnless(
  test,
  reason,
  'kill -9 of the server ends yt-dlp and its ffmpeg; kill -9 of yt-dlp ends its ffmpeg',
  () => hardCase(makePlace()),
);

testUnless(test, reason ?? nobodyMissing(), 'the same holds for an ordinary user', () =>
  hardCase(makePlaceFor(NOBODY), NOBODY),
);

test.run();
