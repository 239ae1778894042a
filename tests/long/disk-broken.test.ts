/** A download folder that is removed, or whose disk gives errors: downloads wait, and go on by themselves. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { makePlace, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { address, assertComplete, HTTP, markIn, MIB } from '../disk/away.ts';
import { failingDisk, unlessLoops } from '../disk/disks.ts';

let site: Site;
test.before(async () => {
  site = await startSite();
});
test.after(() => site.close());

test('a folder that a person removed and made again is used, and what ran begins anew', async () => {
  const server = await startServer({ env: HTTP });
  const { place } = server;
  try {
    const api = await server.session();
    const id = await api.add({ url: address(site, 'removed', 50, MIB), engine: 'http' });
    await api.waitUntil(id, 'bytes', ({ receivedBytes }) => receivedBytes > MIB);
    rmSync(place.downloadDir, { recursive: true });
    assert.is((await api.waitFor(id, 'waiting')).error?.code, 'disk_missing');
    assert.not.ok(existsSync(place.downloadDir));
    mkdirSync(place.downloadDir);
    await assertComplete(place, api, id, 50);
    assert.ok(existsSync(markIn(place.downloadDir)));
  } finally {
    await server.stop();
  }
});

testUnless(test, unlessLoops(), 'a disk with I/O errors is waited for, and repaired it goes on', async () => {
  const place = makePlace();
  const disk = failingDisk(place.downloadDir, 96 * MIB);
  const server = await startServer({ place, env: HTTP });
  try {
    const api = await server.session();
    const ids: string[] = [];
    for (let seed = 60; seed < 66; seed++)
      ids.push(await api.add({ url: address(site, `io${seed}`, seed), engine: 'http' }));
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

test.run();
