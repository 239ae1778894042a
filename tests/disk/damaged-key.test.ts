/** Bits of a key, of a session's name or of its number are flipped: no row and no list is hidden by it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkStore } from '#lib/actors/durable/store-task.server.ts';
import type { DownloadView } from '#lib/protocol/download.ts';
import { withSql } from './store-place.ts';
import { MADE_AT, openStoredSession } from './stored-session.ts';

const SESSION = 'session-of-mine';

interface Found {
  /** The oldest first. */
  ids: string[];
  rows: DownloadView[];
  errors: string[];
  store: string;
}

/** What a session with 4 downloads has after `harm`. */
async function after(harm: (store: string) => void, look: (found: Found) => void): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-damaged-'));
  const store = join(dir, 'sluice.db');
  try {
    const before = openStoredSession(dir, SESSION, MADE_AT);
    const ids: string[] = [];
    for (let n = 0; n < 4; n += 1) {
      const { body } = await before.call('POST', '/downloads', { url: `https://example.org/${n}.bin` });
      ids.push((body as { id: string }).id);
    }
    await before.close();
    harm(store);
    const s = openStoredSession(dir, SESSION, MADE_AT + 60_000);
    const { status, body } = await s.call('GET', '/downloads');
    await s.close();
    assert.is(status, 200, JSON.stringify(body));
    look({
      ids,
      rows: (body as { downloads: DownloadView[] }).downloads,
      errors: s.errors.map(String),
      store,
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** Flips bits of the first key with this beginning. */
function flipKey(store: string, prefix: string, places: (key: string) => number[], bit = 1): void {
  withSql(store, (database) => {
    const [key = ''] = database
      .prepare('SELECT key FROM entries ORDER BY key')
      .all()
      .map((row) => String(row['key']))
      .filter((one) => one.startsWith(prefix));
    const bytes = Buffer.from(key);
    for (const at of places(key)) bytes[at] = (bytes[at] ?? 0) ^ bit;
    const { changes } = database
      .prepare('UPDATE entries SET key = CAST(? AS TEXT) WHERE key = ?')
      .run(bytes, key);
    assert.is(changes, 1);
  });
}

function flipId(store: string): void {
  withSql(store, (database) => {
    const { changes } = database.prepare(`UPDATE actors SET id = 'sersion-of-mine'`).run();
    assert.is(changes, 1);
  });
}

for (const prefix of ['meta', 'd/', 'by/queued/', 'due/'])
  for (const [name, at] of Object.entries({ first: 0, middle: 0.6, last: 0.999 }))
    for (const bit of [4, 0x80])
      test(`a flipped bit (${bit}) in the ${name} byte of a key ${prefix}… changes nothing, and the log says it`, () =>
        after(
          (store) => flipKey(store, prefix, (key) => [Math.floor(key.length * at)], bit),
          ({ ids, rows, errors, store }) => {
            assert.equal(
              rows.map(({ id, state }) => [id, state]),
              ids.toReversed().map((id) => [id, 'queued']),
            );
            assert.match(errors.join(), /key .*flipped/);
            assert.is(checkStore(store).damagedCount, 0);
          },
        ));

for (const [name, harm] of Object.entries({
  name: flipId,
  class: (store: string) =>
    withSql(store, (database) => database.exec(`UPDATE actors SET class = 'sessiof'`)),
  number: (store: string) => withSql(store, (database) => database.exec('UPDATE actors SET row = row + 4')),
  'number in one row': (store: string) =>
    withSql(store, (database) =>
      database.exec(`UPDATE entries SET actor = actor + 4 WHERE key = 'meta' OR key = 'due/'`),
    ),
}))
  test(`a flipped bit in the ${name} of a session does not hide its list, and the log says it`, () =>
    after(harm, ({ ids, rows, errors }) => {
      assert.equal(
        rows.map(({ id, state }) => [id, state]),
        ids.toReversed().map((id) => [id, 'queued']),
      );
      assert.match(errors.join(), /flipped/);
    }));

/** More than one bit cannot be put right from the checksum. */
for (const [name, prefix, places] of [
  ['counts', 'meta', () => [0, 1]],
  ['an index entry', 'by/queued/', () => [3, 4]],
  ['an index entry, at its beginning', 'by/queued/', () => [0, 1]],
  ['an index entry, at its end', 'by/queued/', (key: string) => [key.length - 1, key.length - 2]],
  ['a row', 'd/', () => [0, 1]],
  ['a row, in its id', 'd/', () => [3, 4]],
] as [string, string, (key: string) => number[]][])
  test(`several flipped bits in the key of ${name}: every download is in the list, and the log says it`, () =>
    after(
      (store) => flipKey(store, prefix, places),
      ({ ids, rows, errors, store }) => {
        assert.equal(rows.map(({ id }) => id).sort(), [...ids].sort());
        const damaged = rows.filter(({ error }) => error?.code === 'row_damaged');
        assert.is(damaged.length, prefix === 'd/' ? 1 : 0);
        assert.match(errors.join(), /damaged/);
        assert.is(checkStore(store).damagedCount, 0);
        assert.ok(checkStore(store).setAside.length > 0);
      },
    ));

test.run();
