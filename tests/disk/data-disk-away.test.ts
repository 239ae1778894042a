/** The disk of the data folder is not mounted at the start: its place is empty, as if Sluice had never run there. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sluice } from '../support/cli.ts';
import { makePlace } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { removableDisk, unlessMounts } from './disks.ts';
import {
  copyStoreFiles,
  listed,
  NOWHERE,
  refusedStart,
  sessionOf,
  started,
  withSql,
  withUsedPlace,
} from './store-place.ts';

const REFUSED =
  /sluice\.db is not there, but this data folder was used before: \S+\/\.sluice\/store-\w{12}\.json says so\. The disk of the data folder may not be mounted\. Mount it, and start again\..*sluice store restore FILE.*sluice serve --new-store.*SLUICE_DATA_DIR is .*\(store_missing\)\n$/;

testUnless(
  test,
  unlessMounts(),
  'with its disk not mounted the start is refused and nothing is written there; another data folder starts; mounted, all is back',
  async () => {
    const place = makePlace();
    const mountPoint = join(place.dir, 'mnt');
    mkdirSync(mountPoint);
    const disk = removableDisk(mountPoint, 32 * 1024 * 1024);
    // Of a link only the end is missing then.
    symlinkSync(join(mountPoint, 'sluice'), join(place.dir, 'link'));
    mkdirSync(join(mountPoint, 'sluice'));
    const onDisk = { ...place, dataDir: join(place.dir, 'link') };
    try {
      const { api, ids } = await started(onDisk, async (server) => {
        const session = await server.session();
        return { api: session, ids: [await session.add({ url: `${NOWHERE}/1.bin` })] };
      });
      disk.unmount();
      const direct = { ...place, dataDir: join(mountPoint, 'sluice') };
      for (const same of [onDisk, direct]) {
        const { code, stderr } = await refusedStart(same);
        assert.is(code, 1);
        assert.match(stderr, REFUSED);
      }
      assert.equal(readdirSync(mountPoint), [], 'nothing under the mount point');
      await started(place, async (server) => assert.equal(await (await server.session()).list(), []));
      disk.mount();
      await started(direct, async (server) => assert.equal(await listed(server, api), ids));
    } finally {
      disk.release();
      place.remove();
    }
  },
);

test('a data folder that is gone: check and restore say so, a copy of yours is restored into it, and --new-store begins anew', () =>
  withUsedPlace(async ({ place, store, api, ids }) => {
    const own = join(place.dir, 'own.db');
    copyStoreFiles(store, own);
    renameSync(place.dataDir, join(place.dir, 'away'));
    assert.match((await refusedStart(place)).stderr, REFUSED);
    const checked = await sluice(['store', 'check'], { place });
    assert.is(checked.code, 1);
    assert.match(
      checked.stderr,
      /was used before: \S+\.json says so\. .* not be mounted\..*\(store_missing\)\n$/,
    );
    const newest = await sluice(['store', 'restore'], { place });
    assert.is(newest.code, 1);
    assert.match(newest.stderr, /no daily copy in .*, but it was used before: .*\(store_missing\)\n$/);
    assert.not.ok(existsSync(place.dataDir), 'nothing is made in its place');

    const restored = await sluice(['store', 'restore', own], { place });
    assert.is(restored.code, 0, restored.stderr);
    // The token is signed by the key of the folder that is away: what is stored is looked at instead.
    const rows = withSql(store, (database) =>
      database.prepare(`SELECT id FROM actors JOIN entries ON actor = row WHERE key LIKE 'd/%'`).all(),
    );
    assert.equal(
      rows.map((row) => row['id']),
      ids.map(() => sessionOf(api)),
    );

    rmSync(place.dataDir, { recursive: true });
    await started(place, (server) => server.session(), '--new-store');
    const notes = readdirSync(join(place.downloadDir, '.sluice')).filter((name) => name.startsWith('store-'));
    assert.is(notes.length, 1, 'that of the new one alone');
    await started(place, (server) => server.session());
  }, 1));

test.run();
