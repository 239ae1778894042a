/** `sluice store`, while the server runs and while it does not. */
import { mkdirSync, readdirSync, statSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DailyCopy } from '#lib/actors/durable/daily-copy.server.ts';
import { openStore } from '#lib/actors/durable/storage.server.ts';
import { sluice } from '../support/cli.ts';
import { makePlace } from '../support/server.ts';
import {
  bytesOf,
  listed,
  makeDailyCopy,
  NOWHERE,
  refusedStart,
  started,
  withSql,
  withUsedPlace,
} from './store-place.ts';

test('a backup of a running server holds what was acknowledged, replaces nothing, and can be restored elsewhere', () =>
  withUsedPlace(async ({ place, api, ids }) => {
    const file = join(place.dir, 'backup.db');
    const all = await started(place, async (server) => {
      const id = await api.at(server.url).add({ url: `${NOWHERE}/new.bin` });
      const { code, stdout, stderr } = await sluice(['store', 'backup', 'backup.db'], { place });
      assert.is(code, 0, stderr);
      assert.is(stdout, `The store was copied to ${file}.\n`);
      assert.is(statSync(file).mode & 0o777, 0o600);
      const socket = statSync(join(place.dataDir, 'run/control'));
      assert.ok(socket.isSocket());
      assert.is(socket.mode & 0o777, 0o600);

      const before = bytesOf(file);
      const again = await sluice(['store', 'backup', file], { place });
      assert.is(again.code, 1);
      assert.match(again.stderr, /is there already\. \(invalid_filename\)\n$/);
      assert.is(bytesOf(file), before);

      const nowhere = await sluice(['store', 'backup', '/nowhere/b.db'], { place });
      assert.match(nowhere.stderr, /There is no folder \/nowhere\. \(disk_missing\)\n$/);

      const restore = await sluice(['store', 'restore', file], { place });
      assert.is(restore.code, 1);
      assert.match(restore.stderr, /A server is using .*: stop it, then restore\. \(data_dir_busy\)\n$/);
      return [...ids, id];
    });
    const checked = await sluice(['store', 'check', '--json'], { place });
    assert.is(checked.code, 0, checked.stderr);

    const other = makePlace();
    try {
      const restored = await sluice(['store', 'restore', file], { place: other });
      assert.is(restored.code, 0, restored.stderr);
      // The token is signed by the key of the other one: what is stored is looked at instead.
      const rows = withSql(
        join(other.dataDir, 'sluice.db'),
        (database) => database.prepare(`SELECT count(*) AS n FROM entries WHERE key LIKE 'd/%'`).get()?.['n'],
      );
      assert.is(rows, all.length);
    } finally {
      other.remove();
    }
  }));

test('check and backup do without a server, leave the store as it is, and read what is in its WAL', () =>
  withUsedPlace(async ({ place, store, api, ids }) => {
    const before = [bytesOf(store), bytesOf(`${store}-wal`)];
    const check = await sluice(['store', 'check', '--json'], { place });
    assert.is(check.code, 0, check.stderr);
    const [report] = check.lines<{ store: { rows: number; damagedCount: number; problems: string[] } }>();
    assert.ok((report?.store.rows ?? 0) > ids.length);
    assert.equal([report?.store.damagedCount, report?.store.problems], [0, []]);
    const backup = await sluice(['store', 'backup', 'b.db'], { place });
    assert.is(backup.code, 0, backup.stderr);
    assert.equal([bytesOf(store), bytesOf(`${store}-wal`)], before);
    assert.is((await sluice(['store', 'restore', 'b.db'], { place })).code, 0);
    await started(place, async (server) => assert.equal(await listed(server, api), ids));
  }));

test('check names damaged values and copies, and exits with 1', () =>
  withUsedPlace(async ({ place, store }) => {
    await makeDailyCopy(store);
    withSql(store, (database) => database.exec(`UPDATE entries SET value = 'x' WHERE key = 'meta'`));
    const found = await sluice(['store', 'check'], { place });
    assert.is(found.code, 1);
    assert.match(found.stdout, /[1-9]\d* damaged values:\n {4}session \S+ meta\n/);
    assert.match(found.stdout, /sluice\.db\.daily\.backup {2}20\S+Z .* values {2}\(daily copy\)/);
  }));

test('a damaged copy is refused, named, and changes nothing; so are a folder, an empty file and no file', () =>
  withUsedPlace(async ({ place, store }) => {
    await makeDailyCopy(store);
    const copy = `${store}.daily.backup`;
    const older = `${store}.daily-2026-01-01T00-00-00-000Z.backup`;
    writeFileSync(older, Buffer.from(bytesOf(copy), 'base64'));
    utimesSync(older, 1_767_225_600, 1_767_225_600);
    truncateSync(copy, Math.floor(statSync(copy).size / 2));
    mkdirSync(join(place.dir, 'folder'));
    writeFileSync(join(place.dir, 'empty'), '');
    const before = [bytesOf(store), readdirSync(place.dataDir).sort()];
    for (const [args, message] of [
      [
        [],
        /sluice\.db\.daily\.backup is damaged.*The copies: sluice\.db\.daily\.backup, of 20\S+Z, damaged; sluice\.db\.daily-2026-01-01T\S+, of 2026-01-01T\S+, \d+ values, in order\. To go back to the newest that is in order, type: sluice store restore sluice\.db\.daily-2026-01-01T/,
      ],
      [['folder'], /is not a file/],
      [['empty'], /empty holds nothing/],
      [['nothing'], /nothing is not there/],
    ] as const) {
      const { code, stderr } = await sluice(['store', 'restore', ...args], { place });
      assert.is(code, 1, args.join());
      assert.match(stderr, message);
    }
    assert.equal([bytesOf(store), readdirSync(place.dataDir).sort()], before);
    // The start, and a check, name the copy that can be used.
    const whole = Buffer.from(bytesOf(store), 'base64');
    truncateSync(store, 5000);
    const recommended = /sluice store restore sluice\.db\.daily-2026-01-01T\S+\.backup/;
    assert.match((await refusedStart(place)).stderr, recommended);
    const checked = await sluice(['store', 'check'], { place });
    assert.is(checked.code, 1);
    assert.match(checked.stderr, /sluice\.db is damaged\. The copies: /);
    assert.match(checked.stderr, recommended);
    writeFileSync(store, whole);
    truncateSync(store, 0);
    assert.match(
      (await refusedStart(place)).stderr,
      /The newest copy is sluice\.db\.daily-2026-01-01T\S+\.backup/,
    );
  }));

test('the control socket answers what it does not know with a code, and a long line with nothing', () =>
  withUsedPlace(async ({ place }) => {
    const ask = (line: string): Promise<string> =>
      new Promise((resolve) => {
        let text = '';
        const socket = connect(join(place.dataDir, 'run/control'), () => socket.write(line));
        socket.setEncoding('utf8').on('data', (part: string) => (text += part));
        socket.on('error', () => undefined).on('close', () => resolve(text));
      });
    await started(place, async () => {
      assert.match(await ask('{"call":"toString"}\n'), /"code":"not_found"/);
      assert.match(await ask('nonsense\n'), /"code":"invalid_json"/);
      assert.match(await ask('{"call":"backup"}\n'), /"code":"invalid_request"/);
      assert.match(await ask('{"call":"hello"}\n'), /"version"/);
      assert.is(await ask('x'.repeat(40_000)), '');
    });
  }));

test('a data dir whose path is longer than a socket may have is asked all the same', async () => {
  const place = makePlace();
  try {
    const dataDir = join(place.dir, 'd'.repeat(60), 'e'.repeat(60));
    mkdirSync(dataDir, { recursive: true });
    const long = { ...place, dataDir };
    await started(long, async () => {
      const { code, stderr } = await sluice(['store', 'restore'], { place: long });
      assert.is(code, 1);
      assert.match(stderr, /data_dir_busy/);
    });
  } finally {
    place.remove();
  }
});

test('seven daily copies are kept, and one with under half the values replaces none', async () => {
  const place = makePlace();
  const file = join(place.dataDir, 'sluice.db');
  const store = openStore(file);
  const errors: string[] = [];
  const rows = store.rows({ class: 'session', id: 's' });
  const nextDay = async (): Promise<void> => {
    for (const name of readdirSync(place.dataDir).filter((other) => other.endsWith('.backup'))) {
      const path = join(place.dataDir, name);
      const before = (statSync(path).mtimeMs - 86_400_000) / 1000;
      utimesSync(path, before, before);
    }
    await new DailyCopy(store, file, { onError: (error) => errors.push(String(error)) }).refresh();
  };
  const copies = (kind: string): string[] =>
    readdirSync(place.dataDir).filter((name) => name.startsWith(`sluice.db.${kind}`));
  try {
    for (let day = 0; day < 10; day += 1) {
      for (let n = 0; n < 10; n += 1) rows.put(`d/${day}-${n}`, '1');
      store.commit();
      await nextDay();
    }
    assert.is(copies('daily').length, 7, copies('daily').join());
    assert.equal(errors, []);
    const newest = bytesOf(`${file}.daily.backup`);
    for (let day = 0; day < 6; day += 1) for (let n = 0; n < 10; n += 1) rows.delete(`d/${day}-${n}`);
    store.commit();
    for (let day = 0; day < 9; day += 1) await nextDay();
    assert.is(bytesOf(`${file}.daily.backup`), newest);
    assert.is(copies('daily').length, 7);
    assert.ok(copies('small').length >= 1);
    assert.match(errors[0] ?? '', /holds 40 values, its last daily copy 100: that copy stays/);
    // One of half and more is taken again.
    for (let n = 0; n < 10; n += 1) rows.put(`d/again-${n}`, '1');
    store.commit();
    await nextDay();
    assert.is.not(bytesOf(`${file}.daily.backup`), newest);
  } finally {
    store.close();
    place.remove();
  }
});

test.run();
