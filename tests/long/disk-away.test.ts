/** The disk of the download folder is away: nothing is written where it was, and all goes on by itself once it is back. */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { makePlace, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { address, assertComplete, HTTP, MIB, rootIn } from '../disk/away.ts';
import { removableDisk, unlessMounts } from '../disk/disks.ts';

let site: Site;
test.before(async () => {
  site = await startSite();
});
test.after(() => site.close());

testUnless(
  test,
  unlessMounts(),
  'unmounted while it downloads, nothing is written there; mounted, it goes on',
  async () => {
    const place = makePlace();
    const disk = removableDisk(place.downloadDir, 64 * MIB);
    const server = await startServer({ place, env: { ...HTTP, SLUICE_MAX_ACTIVE_PER_SESSION: '2' } });
    try {
      const api = await server.session();
      const ids: string[] = [];
      for (const [at, name] of ['a', 'b', 'c', 'd'].entries())
        ids.push(await api.add({ url: address(site, name, 30 + at), engine: 'http' }));
      const [first = ''] = ids;
      await api.waitUntil(first, 'bytes', ({ receivedBytes }) => receivedBytes > 2 * MIB);
      disk.unmount();
      for (const id of ids) {
        const row = await api.waitFor(id, 'waiting');
        assert.is(row.error?.code, 'disk_missing');
        assert.is(
          row.error?.message,
          'The download folder is not the one that Sluice used before: its disk may not be mounted.',
        );
      }
      assert.equal(readdirSync(place.downloadDir), [], 'nothing on the disk under the mount point');
      assert.match(server.log, /downloads wait for the download folder/);
      disk.mount();
      const before = site.asked.length;
      for (const [at, id] of ids.entries()) await assertComplete(place, api, id, 30 + at);
      // What was not synced counts as lost: a disk that was pulled out has not written it (docs/adr/028).
      const again = site.asked.slice(before).filter(({ url }) => url.includes('/a.bin'));
      assert.ok(again.length > 0, 'it is asked for again');
      assert.match(server.log, /the download folder is in order again/);
    } finally {
      await server.stop();
      disk.release();
      place.remove();
    }
  },
);

testUnless(
  test,
  unlessMounts(),
  'unmounted or absent at the start, nothing is created; mounted, it goes on',
  async () => {
    const place = makePlace();
    const disk = removableDisk(place.downloadDir, 64 * MIB);
    try {
      let server = await startServer({ place, env: HTTP });
      const api = await server.session();
      const id = await api.add({ url: address(site, 'boot', 40, MIB), engine: 'http' });
      await api.waitUntil(id, 'bytes', ({ receivedBytes }) => receivedBytes > MIB);
      const root = rootIn(place.downloadDir);
      await server.kill9();

      disk.unmount();
      server = await startServer({ place, env: HTTP });
      assert.is((await api.at(server.url).waitFor(id, 'waiting')).error?.code, 'disk_missing');
      assert.equal(readdirSync(place.downloadDir), [], 'an empty mount point stays empty');
      await server.stop();

      rmSync(place.downloadDir, { recursive: true });
      server = await startServer({ place, env: HTTP });
      await waitFor(() => server.log.includes('SLUICE_DOWNLOAD_DIR is missing'), { what: 'the warning' });
      const late = await api.at(server.url).add({ url: address(site, 'late', 41), engine: 'http' });
      for (const waiting of [id, late])
        assert.is((await api.at(server.url).waitFor(waiting, 'waiting')).error?.code, 'disk_missing');
      assert.not.ok(existsSync(place.downloadDir), 'an absent folder is not created');
      mkdirSync(place.downloadDir);
      disk.mount();
      await assertComplete(place, api.at(server.url), id, 40);
      await assertComplete(place, api.at(server.url), late, 41);
      assert.is(rootIn(place.downloadDir), root);
      await server.stop();
    } finally {
      disk.release();
      place.remove();
    }
  },
);

testUnless(test, unlessMounts(), 'another disk on the same mount point is not written to', async () => {
  const place = makePlace();
  const disk = removableDisk(place.downloadDir, 64 * MIB);
  let other: ReturnType<typeof removableDisk> | null = null;
  const server = await startServer({ place, env: HTTP });
  try {
    const api = await server.session();
    const id = await api.add({ url: address(site, 'swapped', 45, MIB), engine: 'http' });
    await api.waitUntil(id, 'bytes', ({ receivedBytes }) => receivedBytes > MIB);
    disk.unmount();
    other = removableDisk(place.downloadDir, 64 * MIB);
    assert.is((await api.waitFor(id, 'waiting')).error?.code, 'disk_missing');
    assert.equal(readdirSync(place.downloadDir), []);
    other.unmount();
    disk.mount();
    await assertComplete(place, api, id, 45);
  } finally {
    await server.stop();
    disk.release();
    other?.release();
    place.remove();
  }
});

test.run();
