/** Refused stores are reported at once and left as they are, byte for byte; damaged ones are copied. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { openStore } from '#lib/actors/durable/storage.server.ts';
import { codeOf } from '../actors/durable/codes.ts';
import { sluice } from '../support/cli.ts';
import { makePlace, type Place } from '../support/server.ts';
import { asNobody, readOnlyMount, unlessMounts, unlessRoot } from './disks.ts';
import { testUnless } from '../support/skip.ts';

const SERVE = { SLUICE_PORT: '0' };

async function withPlace(body: (place: Place, store: string) => Promise<void>): Promise<void> {
  const place = makePlace();
  try {
    await body(place, join(place.dataDir, 'sluice.db'));
  } finally {
    place.remove();
  }
}

/** A store whose last writes are in its WAL, as after kill -9. */
function killedStore(file: string, extraSql = ''): void {
  const program = `
    import { openDatabase } from ${JSON.stringify(join(import.meta.dirname, '../../src/lib/actors/durable/open.server.ts'))};
    const database = openDatabase(${JSON.stringify(file)});
    database.exec("INSERT INTO actors (class, id) VALUES ('session', 's'); ${extraSql}");
    const put = database.prepare("INSERT INTO entries VALUES (1, ?, ?)");
    for (let row = 0; row < 300; row++) put.run('k' + row, JSON.stringify('x'.repeat(1000)));
    process.kill(process.pid, 'SIGKILL');`;
  const { signal, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  assert.is(signal, 'SIGKILL', stderr);
  assert.ok(statSync(`${file}-wal`).size > 100_000, 'the WAL holds the rows');
}

function bytesOf(file: string): Record<string, string> {
  return { db: readFileSync(file, 'base64'), wal: readFileSync(`${file}-wal`, 'base64') };
}

test('a newer store with a WAL is refused with the name of the copy made before the upgrade, and left as it is', () =>
  withPlace(async (place, store) => {
    killedStore(store, 'PRAGMA user_version = 99;');
    writeFileSync(`${store}.v1.backup`, 'of the upgrade');
    const before = bytesOf(store);
    for (let start = 0; start < 2; start++) {
      const { code, stderr } = await sluice(['serve'], { place, env: SERVE });
      assert.is(code, 1);
      assert.match(stderr, /^sluice: sluice\.db has version 99.*sluice\.db\.v1\.backup.*\(store_newer\)\n$/);
      assert.ok(stderr.includes(place.dataDir), stderr);
    }
    assert.equal(bytesOf(store), before);
  }));

test('a damaged store with a WAL is refused and left as it is, and one copy of both is made', () =>
  withPlace(async (place, store) => {
    openStore(store).close();
    killedStore(store);
    const damaged = readFileSync(store);
    damaged.fill(0x5a, 4096);
    writeFileSync(store, damaged);
    const wal = readFileSync(`${store}-wal`);
    wal.fill(0x5a, 32);
    writeFileSync(`${store}-wal`, wal);
    const before = bytesOf(store);
    for (let start = 0; start < 2; start++) {
      const { code, stderr } = await sluice(['serve'], { place, env: SERVE });
      assert.is(code, 1);
      assert.match(
        stderr,
        /^sluice: .*damaged.* A copy is kept as sluice\.db\.damaged-\S+\.backup\..*\(store_corrupt\)\n$/,
      );
      assert.match(
        stderr,
        /There is no copy to go back to\..* sluice store restore FILE\. Or: sluice serve --new-store begins a new one\./,
      );
    }
    assert.equal(bytesOf(store), before);
    const copies = readdirSync(place.dataDir).filter((name) => name.includes('.damaged-'));
    assert.is(copies.length, 2, copies.join());
    const [copy = ''] = copies;
    assert.equal(bytesOf(join(place.dataDir, copy)), before);
    assert.is(statSync(join(place.dataDir, copy)).mode & 0o777, 0o600);
  }));

test('a store of a killed process opens with every row, and leaves no WAL behind', () =>
  withPlace(async (place, store) => {
    killedStore(store);
    const opened = openStore(store);
    assert.is(opened.rows({ class: 'session', id: 's' }).get('k299')?.length, 1002);
    opened.close();
    assert.equal(
      readdirSync(place.dataDir).filter((name) => name.startsWith('sluice.db-')),
      [],
    );
  }));

testUnless(test, unlessMounts(), 'a data folder on a read-only disk is disk_read_only', () =>
  withPlace(async (place, store) => {
    openStore(store).close();
    const release = readOnlyMount(place.dataDir);
    try {
      const { code, stderr } = await sluice(['serve'], { place, env: SERVE });
      assert.is(code, 1);
      assert.match(stderr, /read-only.*\(disk_read_only\)\n$/);
      assert.ok(stderr.includes(place.dataDir), stderr);
    } finally {
      release();
    }
  }),
);

testUnless(test, unlessRoot(), 'a data folder of another user is disk_denied', () =>
  withPlace(async (place) => {
    for (const mode of [0o500, 0o000]) {
      const dir = join(place.dir, `locked-${mode}`);
      mkdirSync(dir);
      chmodSync(place.dir, 0o755);
      chmodSync(dir, mode);
      asNobody(() => {
        assert.is(
          codeOf(() => openStore(join(dir, 'sluice.db'))),
          'disk_denied',
        );
      });
      assert.equal(readdirSync(dir), []);
    }
  }),
);

test.run();
