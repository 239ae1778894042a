/** One stored value is damaged: it costs one download, never the list. */
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkStore } from '#lib/actors/durable/store-task.server.ts';
import type { DownloadView } from '#lib/protocol/download.ts';
import { waitFor } from '../support/wait.ts';
import { MADE_AT, openStoredSession, type StoredSession } from './stored-session.ts';

const SESSION = 's';

interface Ground {
  store: string;
  /** The oldest first. */
  ids: string[];
  /** Opens the session again. */
  reopen: () => StoredSession;
}

async function withDownloads(body: (ground: Ground) => Promise<void>, count = 4): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-damaged-'));
  const open: StoredSession[] = [];
  try {
    const s = openStoredSession(dir, SESSION, MADE_AT);
    const ids: string[] = [];
    for (let n = 0; n < count; n += 1) {
      const { body: added } = await s.call('POST', '/downloads', { url: `https://example.org/${n}.bin` });
      ids.push((added as { id: string }).id);
    }
    await s.close();
    const reopen = (): StoredSession => {
      const again = openStoredSession(dir, SESSION, MADE_AT + 60_000);
      open.push(again);
      return again;
    };
    await body({ store: join(dir, 'sluice.db'), ids, reopen });
  } finally {
    for (const session of open) await session.close();
    rmSync(dir, { recursive: true });
  }
}

/** Flips one bit of the stored value at a place, as a disk does: the checksum stays as it was. */
function flip(store: string, key: string, place: (text: string) => number, bit = 1): void {
  const database = new DatabaseSync(store);
  const found = database.prepare('SELECT value FROM entries WHERE key = ?').get(key);
  const bytes = Buffer.from(String(found?.['value']));
  const at = place(bytes.toString('latin1'));
  bytes[at] = (bytes[at] ?? 0) ^ bit;
  database.prepare('UPDATE entries SET value = ? WHERE key = ?').run(bytes.toString('latin1'), key);
  database.close();
}

function keysOf(store: string, prefix: string): string[] {
  const database = new DatabaseSync(store);
  const keys = database.prepare('SELECT key FROM entries WHERE key >= ? AND key < ? ORDER BY key');
  const found = keys.all(prefix, `${prefix}\uffff`).map(({ key }) => String(key));
  database.close();
  return found;
}

async function list(s: StoredSession): Promise<DownloadView[]> {
  const { status, body } = await s.call('GET', '/downloads');
  assert.is(status, 200, JSON.stringify(body));
  return (body as { downloads: DownloadView[] }).downloads;
}

const FLIPS: Record<string, [place: (text: string) => number, bit: number]> = {
  'JSON that cannot be read': [() => 0, 1],
  'another state': [(text) => text.indexOf('queued') + 1, 1],
  'another address': [(text) => text.indexOf('example'), 1],
  'another size': [(text) => text.indexOf('"receivedBytes":0') + 16, 1],
  'another checksum': [(text) => text.search(/[\t\n]\s*$/), 4],
  'no checksum': [(text) => text.length - 1, 0x40],
};

for (const [name, [place, bit]] of Object.entries(FLIPS)) {
  test(`a flipped bit makes a row ${name}: it is shown in error and deletable, and the rest lives`, () =>
    withDownloads(async ({ store, ids, reopen }) => {
      const [first = '', second = ''] = ids;
      flip(store, `d/${second}`, place, bit);
      const s = reopen();
      const rows = await list(s);
      assert.equal(
        rows.map(({ id }) => id),
        ids.toReversed(),
      );
      const row = rows.find(({ id }) => id === second);
      assert.is(row?.state, 'error');
      assert.is(row?.error?.code, 'row_damaged');
      assert.equal(
        rows.filter(({ id }) => id !== second).map(({ error }) => error),
        [null, null, null],
      );
      assert.match(String(s.errors[0]), /damaged/);
      assert.is(s.errors.length, 1);

      const retried = await s.call('POST', `/downloads/${second}/retry`);
      assert.is((retried.body as { code: string }).code, 'row_damaged');
      assert.is((await s.call('POST', `/downloads/${first}/pause`)).status, 202);
      void s.call('DELETE', `/downloads/${second}`);
      await s.news({ type: 'discarded', download: second });
      assert.equal(
        (await list(s)).map(({ id }) => id),
        ids.filter((id) => id !== second).toReversed(),
      );
      await s.close();
      const check = checkStore(store);
      assert.equal([check.damagedCount, check.problems], [0, []]);
      assert.equal(check.setAside, [{ class: 'session', id: SESSION, key: `d/${second}` }]);
    }));
}

test('it is found before anything is asked, when the session goes on with what it worked for', () =>
  withDownloads(async ({ store, ids, reopen }) => {
    const before = reopen();
    await before.wake();
    await before.news({
      type: 'phase',
      phase: 'download',
      engine: 'http',
      title: null,
      totalBytes: null,
      download: ids[0] ?? '',
      attempt: 1,
    });
    await before.close();
    flip(store, `d/${ids[0]}`, (text) => text.indexOf('example'));
    const s = reopen();
    await s.wake();
    const rows = await list(s);
    assert.is(rows.at(-1)?.error?.code, 'row_damaged');
    const started = s.commands.flatMap((command) => (command.type === 'start' ? [command.download] : []));
    assert.equal(started.sort(), ids.slice(1));
    await s.news({ type: 'found', downloads: [ids[0] ?? ''] });
    assert.ok(!s.commands.some(({ type }) => type === 'set-aside' || type === 'discard'), 'its bytes stay');
  }));

test('a damaged index entry, damaged counts and damaged deadlines are made anew from what is whole', () =>
  withDownloads(async ({ store, ids, reopen }) => {
    for (const prefix of ['by/', 'meta', 'due/'])
      for (const key of keysOf(store, prefix)) flip(store, key, () => 1);
    assert.ok(checkStore(store).damagedCount >= 6);
    const s = reopen();
    const rows = await list(s);
    assert.equal(
      rows.map(({ id, state }) => [id, state]),
      ids.toReversed().map((id) => [id, 'queued']),
    );
    const { body } = await s.call('POST', '/downloads', { url: 'https://example.org/new.bin' });
    assert.is((await list(s))[0]?.id, (body as { id: string }).id, 'the newest is the newest');
    await s.close();
    assert.is(checkStore(store).damagedCount, 0);
    const again = reopen();
    assert.is((await list(again)).length, ids.length + 1);
  }));

test('a damaged deadline keeps its name: the download that waits goes on in time, and the lease is renewed', () =>
  withDownloads(async ({ store, ids, reopen }) => {
    const [id = ''] = ids;
    const before = reopen();
    await before.wake();
    const error = { code: 'connection_lost', message: 'lost', transient: true, retryAfterMs: null } as const;
    await before.news({ type: 'failed', download: id, attempt: 1, error, output: '' });
    await before.close();
    const deadlines = keysOf(store, 'due/');
    const names = new Set(deadlines.map((key) => key.split('/')[2]));
    assert.equal([...names].sort(), ['lease', `retry:${id}`]);
    for (const key of deadlines) flip(store, key, () => 1);
    const s = reopen();
    await s.wake();
    s.commands.length = 0;
    s.clock.increment(2_000);
    const started = await waitFor(() => s.commands.find(({ type }) => type === 'start'));
    assert.equal([started.type === 'start' && started.attempt], [2]);
    s.clock.increment(30_000);
    await waitFor(() => s.commands.some(({ type }) => type === 'want'), { what: 'the lease' });
    assert.is(s.errors.length, deadlines.length);
  }, 1));

for (const target of ['its neighbour', 'nobody'] as const) {
  test(`an index entry whose key was damaged into that of ${target} is made anew under its own`, () =>
    withDownloads(async ({ store, ids, reopen }) => {
      const first = reopen();
      // The neighbour has another state.
      await first.call('POST', `/downloads/${ids[1]}/cancel`);
      await first.close();
      const database = new DatabaseSync(store);
      const keyOf = (n: number): string =>
        String(
          database
            .prepare(`SELECT key FROM entries WHERE key LIKE 'by/%' AND value LIKE ?`)
            .get(`%${ids[n]}%`)?.['key'],
        );
      const [queued, cancelled] = [keyOf(0), keyOf(1)];
      const order = (target === 'nobody' ? keyOf(3).replace(/.$/, '~') : cancelled).split('/').at(-1) ?? '';
      const damaged = queued.replace(/[^/]+$/, order);
      database.prepare('UPDATE entries SET key = ? WHERE key = ?').run(damaged, queued);
      database.close();
      const again = reopen();
      const rows = await list(again);
      assert.equal(
        rows.map(({ id, state }) => [id, state]),
        [ids[3], ids[2], ids[1], ids[0]].map((id) => [id, id === ids[1] ? 'cancelled' : 'queued']),
      );
      await again.close();
      assert.is(checkStore(store).damagedCount, 0);
    }));
}

test('a damaged index entry whose download is gone goes too, and is counted no more', () =>
  withDownloads(async ({ store, ids, reopen }) => {
    const [first = ''] = ids;
    const [, , , oldest = ''] = keysOf(store, 'by/');
    flip(store, oldest, () => 1);
    const database = new DatabaseSync(store);
    database.prepare('DELETE FROM entries WHERE key = ?').run(`d/${first}`);
    database.close();
    const s = reopen();
    assert.equal(
      (await list(s)).map(({ id }) => id),
      ids.slice(1).toReversed(),
    );
    void s.call('DELETE', `/downloads/${ids[1]}`);
    await s.news({ type: 'discarded', download: ids[1] ?? '' });
    await s.close();
    const after = new DatabaseSync(store);
    const meta = String(after.prepare(`SELECT value FROM entries WHERE key = 'meta'`).get()?.['value']);
    after.close();
    const { counts } = JSON.parse(meta) as { counts: Record<string, number> };
    assert.is(counts['queued'], 2);
  }));

test('every row damaged is a list of damaged rows', () =>
  withDownloads(async ({ store, ids, reopen }) => {
    for (const key of keysOf(store, '')) flip(store, key, () => 0);
    const rows = await list(reopen());
    assert.equal(
      rows.map(({ id }) => id),
      ids.toReversed(),
      'each in its place',
    );
    assert.ok(rows.every(({ error }) => error?.code === 'row_damaged'));
  }));

test('a store of an earlier version opens, a damaged value of it too, and it has checksums from then on', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-damaged-'));
  const fixture = join(import.meta.dirname, '../fixtures/state/0.1.0');
  try {
    cpSync(fixture, dir, { recursive: true });
    const store = join(dir, 'sluice.db');
    const [row = ''] = keysOf(store, 'd/');
    const database = new DatabaseSync(store);
    const session = String(database.prepare('SELECT id FROM actors').get()?.['id']);
    database.close();
    flip(store, row, () => 0);
    const before = checkStore(store);
    assert.is(before.unchecked, before.rows);
    const s = openStoredSession(dir, session, MADE_AT + 60_000);
    const rows = await list(s);
    assert.equal(
      rows.filter(({ error }) => error?.code === 'row_damaged').map(({ id }) => `d/${id}`),
      [row],
    );
    await s.close();
    const after = checkStore(store);
    assert.ok(after.unchecked < after.rows);
    assert.is(after.version, 3);
    assert.is(after.damagedCount, 0);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test.run();
