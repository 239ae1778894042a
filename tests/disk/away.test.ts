/** The disk of the download folder is away: nothing is written where it was, and all goes on by itself once it is back. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256Of } from '../site/content.ts';
import { type Site, startSite } from '../site/site.ts';
import type { Api } from '../support/api.ts';
import { sha256File } from '../support/media-hash.ts';
import { makePlace, type Place, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { failingDisk, readOnlyMount, removableDisk, unlessLoops, unlessMounts } from './ground.ts';

const MIB = 1024 * 1024;
const env = { SLUICE_ENGINES: 'http' };
let site: Site;
test.before(async () => {
  site = await startSite();
});
test.after(() => site.close());

const address = (name: string, seed: number, rate = 2 * MIB): string =>
  `${site.url}/file/${name}.bin?size=${8 * MIB}&seed=${seed}&rate=${rate}`;
const mark = (dir: string): string => join(dir, '.sluice/root.json');
const rootIn = (place: Place): string =>
  (JSON.parse(readFileSync(mark(place.downloadDir), 'utf8')) as { root: string }).root;

async function assertComplete(place: Place, api: Api, id: string, seed: number): Promise<void> {
  const row = await api.waitFor(id, 'complete');
  assert.is(row.error, null);
  assert.is(await sha256File(join(place.downloadDir, row.file?.name ?? '')), sha256Of(seed, 8 * MIB));
}

testUnless(
  test,
  unlessMounts(),
  'unmounted while it downloads, nothing is written there; mounted, it goes on',
  async () => {
    const place = makePlace();
    const disk = removableDisk(place.downloadDir, 64 * MIB);
    const server = await startServer({ place, env: { ...env, SLUICE_MAX_ACTIVE_PER_SESSION: '2' } });
    try {
      const api = await server.session();
      const ids: string[] = [];
      for (const [at, name] of ['a', 'b', 'c', 'd'].entries())
        ids.push(await api.add({ url: address(name, 30 + at), engine: 'http' }));
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
      const ranges = site.asked.slice(before).filter(({ url }) => url.includes('/a.bin'));
      assert.ok(
        ranges.every(({ range }) => Number(/bytes=(\d+)/.exec(range ?? '')?.[1] ?? 0) >= MIB),
        'from the bytes it had',
      );
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
      let server = await startServer({ place, env });
      const api = await server.session();
      const id = await api.add({ url: address('boot', 40, MIB), engine: 'http' });
      await api.waitUntil(id, 'bytes', ({ receivedBytes }) => receivedBytes > MIB);
      const root = rootIn(place);
      await server.kill9();

      disk.unmount();
      server = await startServer({ place, env });
      assert.is((await api.at(server.url).waitFor(id, 'waiting')).error?.code, 'disk_missing');
      assert.equal(readdirSync(place.downloadDir), [], 'an empty mount point stays empty');
      await server.stop();

      rmSync(place.downloadDir, { recursive: true });
      server = await startServer({ place, env });
      await waitFor(() => server.log.includes('SLUICE_DOWNLOAD_DIR is missing'), { what: 'the warning' });
      const late = await api.at(server.url).add({ url: address('late', 41), engine: 'http' });
      for (const waiting of [id, late])
        assert.is((await api.at(server.url).waitFor(waiting, 'waiting')).error?.code, 'disk_missing');
      assert.not.ok(existsSync(place.downloadDir), 'an absent folder is not created');
      mkdirSync(place.downloadDir);
      disk.mount();
      await assertComplete(place, api.at(server.url), id, 40);
      await assertComplete(place, api.at(server.url), late, 41);
      assert.is(rootIn(place), root);
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
  const server = await startServer({ place, env });
  try {
    const api = await server.session();
    const id = await api.add({ url: address('swapped', 45, MIB), engine: 'http' });
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

test('a folder that a person removed and made again is used, and what ran begins anew', async () => {
  const server = await startServer({ env });
  const { place } = server;
  try {
    const api = await server.session();
    const id = await api.add({ url: address('removed', 50, MIB), engine: 'http' });
    await api.waitUntil(id, 'bytes', ({ receivedBytes }) => receivedBytes > MIB);
    rmSync(place.downloadDir, { recursive: true });
    assert.is((await api.waitFor(id, 'waiting')).error?.code, 'disk_missing');
    assert.not.ok(existsSync(place.downloadDir));
    mkdirSync(place.downloadDir);
    await assertComplete(place, api, id, 50);
    assert.ok(existsSync(mark(place.downloadDir)));
  } finally {
    await server.stop();
  }
});

testUnless(test, unlessLoops(), 'a disk with I/O errors is waited for, and repaired it goes on', async () => {
  const place = makePlace();
  const disk = failingDisk(place.downloadDir, 96 * MIB);
  const server = await startServer({ place, env });
  try {
    const api = await server.session();
    const ids: string[] = [];
    for (let seed = 60; seed < 66; seed++)
      ids.push(await api.add({ url: address(`io${seed}`, seed), engine: 'http' }));
    await api.waitUntil(ids[0] ?? '', 'bytes', ({ receivedBytes }) => receivedBytes > MIB);
    disk.fail();
    for (const id of ids) {
      const { error } = await api.waitFor(id, 'waiting');
      assert.ok(['disk_error', 'disk_read_only'].includes(error?.code ?? ''), error?.code);
    }
    await waitFor(
      () => {
        try {
          disk.unmount();
          return true;
        } catch {
          return false;
        }
      },
      { what: 'the disk to be let go' },
    );
    disk.mount();
    for (const [at, id] of ids.entries()) await assertComplete(place, api, id, 60 + at);
  } finally {
    await server.stop();
    disk.release();
    place.remove();
  }
});

test('the folder of a store of an earlier version is adopted, a configured one is created, a known one is not', async () => {
  const place = makePlace();
  const dirs = [place.downloadDir, join(place.dir, 'media/other')];
  const [known = '', configured = ''] = dirs;
  try {
    await (await startServer({ place, env })).stop();
    // As an earlier version leaves them.
    rmSync(join(place.dataDir, 'roots.json'));
    rmSync(join(known, '.sluice'), { recursive: true });
    await (await startServer({ place, env })).stop();
    assert.ok(existsSync(mark(known)), 'adopted');
    const root = rootIn(place);
    await (await startServer({ place, env: { ...env, SLUICE_DOWNLOAD_DIR: configured } })).stop();
    assert.ok(existsSync(mark(configured)), 'created');
    rmSync(configured, { recursive: true });
    await (await startServer({ place, env: { ...env, SLUICE_DOWNLOAD_DIR: configured } })).stop();
    assert.not.ok(existsSync(configured));
    await (await startServer({ place, env })).stop();
    assert.is(rootIn(place), root, 'the mark that is there is found again');
    const stored = JSON.parse(readFileSync(join(place.dataDir, 'roots.json'), 'utf8')) as {
      roots: { root: string }[];
    };
    assert.is(stored.roots[0]?.root, root);
  } finally {
    place.remove();
  }
});

testUnless(
  test,
  unlessMounts(),
  'a read-only folder is adopted without a mark, and marked once it can be',
  async () => {
    const place = makePlace();
    const release = readOnlyMount(place.downloadDir);
    const server = await startServer({ place, env });
    try {
      const api = await server.session();
      const id = await api.add({ url: address('ro', 70), engine: 'http' });
      assert.is((await api.waitFor(id, 'waiting')).error?.code, 'disk_read_only');
      release();
      await assertComplete(place, api, id, 70);
      assert.ok(existsSync(mark(place.downloadDir)));
    } finally {
      await server.stop();
      place.remove();
    }
  },
);

test.run();
