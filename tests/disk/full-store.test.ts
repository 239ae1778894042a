/** A full data disk: the built server with its state on a file system of a few MB. */
import { rmSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { makePlace, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { tinyDisk, unlessMounts } from './disks.ts';
import { fill, onDisk, readiness } from './server-on-disk.ts';

const MIB = 1024 * 1024;
let site: Site;
test.before(async () => {
  site = await startSite();
});
test.after(() => site.close());

testUnless(
  test,
  unlessMounts(),
  'on a full data disk adds are refused, existing downloads go on and are stored, and all works again with free space',
  () =>
    onDisk(
      { dir: 'dataDir', bytes: 24 * MIB, env: { SLUICE_ENGINES: 'http' } },
      async ({ place, server, api }) => {
        assert.equal(await readiness(server), { status: 200, reasons: [] });
        const url = (n: number): string => `${site.url}/file/n${n}.bin?size=${2 * MIB}&seed=${n}&rate=${MIB}`;
        const running = await api.add({ url: url(1), engine: 'http' });
        const other = await api.add({ url: url(2), engine: 'http' });
        await api.waitUntil(running, 'bytes', ({ receivedBytes }) => receivedBytes > 0);
        const ballast = fill(place.dataDir, 0);
        // Commits fill the rest of the WAL's last block, then fail once, then use the reserve.
        let refusal: { status: number; body: { code: string } } | null = null;
        const taken: string[] = [];
        await waitFor(
          async () => {
            const answer = await api.call<{ code: string; id: string }>('POST', '/api/downloads', {
              url: url(3),
            });
            if (answer.status === 202) taken.push(answer.body.id);
            else refusal = answer;
            return (await readiness(server)).status === 503 && refusal !== null;
          },
          { what: 'the disk to be full', deadlineMs: 60_000 },
        );
        assert.is(refusal!.status, 507);
        assert.is(refusal!.body.code, 'disk_full');
        assert.match((await readiness(server)).reasons.join(), /disk of the data folder is full/);
        // Acknowledged downloads are there, and can be changed.
        for (const id of taken.slice(0, 3)) {
          await waitFor(async () => {
            const answer = await api.call('POST', `/api/downloads/${id}/cancel`);
            return answer.status === 202 || answer.status === 409;
          });
        }
        for (const id of [running, other]) {
          const row = await api.waitFor(id, 'complete');
          assert.ok(row.file !== null);
        }
        rmSync(ballast);
        await waitFor(async () => (await readiness(server)).status === 200, {
          what: 'the reserve to be whole again',
        });
        await api.waitFor(await api.add({ url: url(4), engine: 'http' }), 'complete');
        assert.is((await api.list('?limit=200')).length, taken.length + 3);
      },
    ),
);

testUnless(test, unlessMounts(), 'with a full data disk the server starts, and reports it', async () => {
  const place = makePlace();
  const release = tinyDisk(place.dataDir, 24 * MIB);
  try {
    const first = await startServer({ place, env: { SLUICE_ENGINES: 'http' } });
    const api = await first.session();
    const id = await api.add({ url: `${site.url}/file/one.bin?size=1000&seed=5`, engine: 'http' });
    await api.waitFor(id, 'complete');
    await first.stop();
    const ballast = fill(place.dataDir, 0);
    const second = await startServer({ place, env: { SLUICE_ENGINES: 'http' } });
    try {
      assert.is((await api.at(second.url).get(id)).state, 'complete');
      rmSync(ballast);
      await waitFor(async () => (await readiness(second)).status === 200, { what: 'readiness' });
    } finally {
      await second.stop();
    }
  } finally {
    release();
    place.remove();
  }
});

test.run();
