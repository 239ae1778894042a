/** A data folder that was used, and its store is gone: it is never taken for a new one. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { instanceKey } from '#lib/process/instance-key.server.ts';
import { sluice } from '../support/cli.ts';
import { makePlace } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';
import { testLosses } from './losses.ts';
import {
  bytesOf,
  copyStoreFiles,
  listed,
  makeDailyCopy,
  refusedStart,
  sessionOf,
  sizeOf,
  started,
  withUsedPlace,
} from './store-place.ts';

testLosses(test, ['the database is missing', 'the WAL is of 0 bytes']);

test('without a copy the start is refused all the same, and --new-store begins a new one beside what there was', () =>
  withUsedPlace(async ({ place, store, api }) => {
    rmSync(`${store}-wal`);
    const bytes = bytesOf(store);
    const { code, stderr } = await refusedStart(place);
    assert.is(code, 1);
    assert.match(stderr, /There is no copy to go back to.*sluice serve --new-store.*\(store_missing\)\n$/);

    await started(place, async (server) => assert.equal(await listed(server, api), []), '--new-store');
    const [kept = ''] = readdirSync(place.dataDir).filter((name) => name.includes('.replaced-'));
    assert.is(bytesOf(join(place.dataDir, kept)), bytes);
  }));

test('--new-store is refused where the store is in order, and the store stays as it is', () =>
  withUsedPlace(async ({ place, store, api, ids }) => {
    const before = bytesOf(store);
    const { code, stderr } = await refusedStart(place, ['--new-store']);
    assert.is(code, 1);
    assert.match(stderr, /is in order: leave out --new-store.*\(wrong_state\)\n$/);
    assert.is(bytesOf(store), before);
    await started(place, async (server) => assert.equal(await listed(server, api), ids));
  }));

test('work folders of this data dir alone say that it was used', async () => {
  const place = makePlace();
  try {
    mkdirSync(join(place.dataDir, 'run'));
    const instance = instanceKey(join(place.dataDir, 'run'));
    const workDir = join(place.downloadDir, '.sluice/abc');
    mkdirSync(workDir, { recursive: true });
    writeFileSync(join(workDir, 'owner.json'), JSON.stringify({ version: 1, instance, session: 's' }));
    const { code, stderr } = await refusedStart(place);
    assert.is(code, 1);
    assert.match(stderr, /downloads of it are under way.*\(store_missing\)/);
    writeFileSync(
      join(workDir, 'owner.json'),
      JSON.stringify({ version: 1, instance: 'other', session: 's' }),
    );
    await started(place, (server) => server.session());
  } finally {
    place.remove();
  }
});

test('a new data dir starts, also where the one before was killed before it stored anything', async () => {
  const place = makePlace();
  try {
    writeFileSync(join(place.dataDir, 'sluice.db'), '');
    await started(place, (server) => server.session());
  } finally {
    place.remove();
  }
});

/** Which one it says depends on whether a store was checkpointed before it was killed. */
const OTHERS =
  /sluice\.db.* is (the WAL of another store|the store of another data folder|missing or another file)\..*\(store_missing\)/;

test('the WAL of another store, and the database of another one, are refused', () =>
  withUsedPlace((used) =>
    withUsedPlace(async (other) => {
      const { place, store, api, ids } = used;
      const own = join(place.dir, 'own.db');
      copyStoreFiles(store, own);

      cpSync(`${other.store}-wal`, `${store}-wal`);
      const wal = await refusedStart(place);
      assert.match(wal.stderr, OTHERS, wal.stderr);

      copyStoreFiles(other.store, store);
      const whole = await refusedStart(place);
      assert.match(whole.stderr, OTHERS, whole.stderr);

      for (const end of ['', '-wal']) rmSync(store + end);
      const restored = await sluice(['store', 'restore', own], { place });
      assert.is(restored.code, 0, restored.stderr);
      await started(place, async (server) => assert.equal(await listed(server, api), ids));
    }),
  ));

test('a WAL that was damaged is refused, and what is left of it is restored', () =>
  withUsedPlace(async ({ place, store, api, ids }) => {
    const wal = readFileSync(`${store}-wal`);
    wal[Math.floor(wal.length / 2)]! ^= 4;
    writeFileSync(`${store}-wal`, wal);
    const refused = await refusedStart(place);
    assert.match(
      refused.stderr,
      /sluice\.db-wal, which holds the last changes, is damaged\. .*\(store_missing\)/,
    );
    assert.match(refused.stderr, /What is left is restored by: sluice store restore sluice\.db\./);
    const check = await sluice(['store', 'check'], { place });
    assert.is(check.code, 1);
    assert.match(check.stderr, /is damaged/);
    assert.equal(readFileSync(`${store}-wal`), wal, 'it is left as it is');

    const restored = await sluice(['store', 'restore', 'sluice.db'], { place });
    assert.is(restored.code, 0, restored.stderr);
    await started(place, async (server) => {
      const left = await listed(server, api);
      assert.ok(left.length < ids.length && left.every((id) => ids.includes(id)), left.join(' '));
    });
  }));

test('a store whose index file is gone, and a data dir behind a link, open with every row', () =>
  withUsedPlace(async ({ place, store, api, ids }) => {
    rmSync(`${store}-shm`, { force: true });
    symlinkSync(place.dataDir, join(place.dir, 'link'));
    const linked = { ...place, dataDir: join(place.dir, 'link') };
    await started(linked, async (server) => assert.equal(await listed(server, api), ids));
    // The database itself behind one: SQLite keeps the WAL where it leads to.
    mkdirSync(join(place.dir, 'elsewhere'));
    const real = join(place.dir, 'elsewhere/real.db');
    await started(place, (server) => server.kill9());
    copyStoreFiles(store, real);
    for (const end of ['', '-wal']) rmSync(store + end);
    symlinkSync(real, store);
    await started(place, async (server) => assert.equal(await listed(server, api), ids));
    assert.ok(existsSync(real));
  }));

test('a store cut to its half is refused as damaged, and going back to the copy and undoing that are one line each', () =>
  withUsedPlace(async ({ place, store, api, ids }) => {
    await makeDailyCopy(store);
    truncateSync(store, Math.floor(sizeOf(store) / 2));
    const half = bytesOf(store);
    const { code, stderr } = await refusedStart(place);
    assert.is(code, 1);
    assert.match(stderr, /damaged.*sluice store restore.*\(store_corrupt\)/);
    const restored = await sluice(['store', 'restore'], { place });
    assert.is(restored.code, 0, restored.stderr);
    const [, replaced = ''] = /To undo this, type: sluice store restore (\S+)/.exec(restored.stdout) ?? [];
    assert.is(bytesOf(join(place.dataDir, replaced)), half);
    await started(place, async (server) => assert.equal(await listed(server, api), ids));
    const undo = await sluice(['store', 'restore', replaced], { place });
    assert.is(undo.code, 1);
    assert.match(undo.stderr, /damaged.*\(store_corrupt\)/);
    await started(place, async (server) => assert.equal(await listed(server, api), ids));
  }));

test('a work folder that a restored older copy does not know is kept aside, listed, and given back when it is known again', () =>
  withUsedPlace(async ({ place, store, api, ids }) => {
    await makeDailyCopy(store);
    const instance = instanceKey(join(place.dataDir, 'run'));
    const late = await started(place, async (server) => {
      const id = await api.at(server.url).add({ url: 'http://127.0.0.1:9/late.bin' });
      await api.at(server.url).act(id, 'pause');
      return id;
    });
    const workDir = join(place.downloadDir, '.sluice', late);
    mkdirSync(workDir, { recursive: true });
    const owner = { version: 1, instance, session: sessionOf(api) };
    writeFileSync(join(workDir, 'owner.json'), JSON.stringify(owner));
    writeFileSync(join(workDir, 'data'), 'bytes');

    const restored = await sluice(['store', 'restore'], { place });
    assert.is(restored.code, 0, restored.stderr);
    const [, replaced = ''] = /sluice store restore (\S+)/.exec(restored.stdout) ?? [];
    const aside = (): string[] =>
      readdirSync(join(place.downloadDir, '.sluice')).filter((name) => name.startsWith(`${late}.aside-`));
    await started(place, async (server) => {
      assert.equal(await listed(server, api), ids);
      await waitFor(() => aside().length === 1, { what: 'the work folder to be set aside' });
      const running = await sluice(['store', 'check'], { place });
      assert.ok(running.stdout.includes(aside()[0] ?? '?'), running.stdout);
    });
    const checked = await sluice(['store', 'check'], { place });
    assert.is(checked.code, 0);
    assert.ok(checked.stdout.includes(aside()[0] ?? '?'), checked.stdout);

    assert.is((await sluice(['store', 'restore', replaced], { place })).code, 0);
    await started(place, async (server) => {
      assert.equal(await listed(server, api), [...ids, late]);
      await api.at(server.url).act(late, 'resume');
      await waitFor(() => aside().length === 0 && existsSync(join(workDir, 'data')), {
        what: 'the work folder to be given back',
      });
    });
  }));

test.run();
