/** Which download folder a store takes for its own, and which it creates. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { makePlace, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { address, assertComplete, HTTP, markIn, rootIn } from './away.ts';
import { readOnlyMount, unlessMounts } from './disks.ts';

let site: Site;
test.before(async () => {
  site = await startSite();
});
test.after(() => site.close());

test('the folder of a store of an earlier version is adopted, a configured one is created, a known one is not', async () => {
  const place = makePlace();
  const dirs = [place.downloadDir, join(place.dir, 'media/other')];
  const [known = '', configured = ''] = dirs;
  try {
    await (await startServer({ place, env: HTTP })).stop();
    // As an earlier version leaves them.
    rmSync(join(place.dataDir, 'roots.json'));
    rmSync(join(known, '.sluice'), { recursive: true });
    await (await startServer({ place, env: HTTP })).stop();
    assert.ok(existsSync(markIn(known)), 'adopted');
    const root = rootIn(place.downloadDir);
    await (await startServer({ place, env: { ...HTTP, SLUICE_DOWNLOAD_DIR: configured } })).stop();
    assert.ok(existsSync(markIn(configured)), 'created');
    rmSync(configured, { recursive: true });
    await (await startServer({ place, env: { ...HTTP, SLUICE_DOWNLOAD_DIR: configured } })).stop();
    assert.not.ok(existsSync(configured));
    await (await startServer({ place, env: HTTP })).stop();
    assert.is(rootIn(place.downloadDir), root, 'the mark that is there is found again');
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
    const server = await startServer({ place, env: HTTP });
    try {
      const api = await server.session();
      const id = await api.add({ url: address(site, 'ro', 70), engine: 'http' });
      assert.is((await api.waitFor(id, 'waiting')).error?.code, 'disk_read_only');
      release();
      // By itself it would after 15 to 30 s: tests/long/disk-denied.test.ts.
      await api.act(id, 'resume');
      await assertComplete(place, api, id, 70);
      assert.ok(existsSync(markIn(place.downloadDir)));
    } finally {
      await server.stop();
      place.remove();
    }
  },
);

test.run();
