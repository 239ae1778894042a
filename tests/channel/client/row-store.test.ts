import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { RowStore } from '#lib/channel/client/row-store.ts';
import type { Change, Snapshot, Update } from '#lib/protocol/channel.ts';
import type { DownloadView } from '#lib/protocol/download.ts';

function view(id: string, more: Partial<DownloadView> = {}): DownloadView {
  return {
    ...{ id, url: `http://a.test/${id}`, title: id, engine: 'http', state: 'download', attempt: 1 },
    ...{ receivedBytes: 0, totalBytes: null, percent: null, bytesPerSecond: null, etaSeconds: null },
    ...{ createdAt: '2026-11-29T10:00:00.000Z', finishedAt: null, file: null, error: null },
    ...more,
  };
}

function snapshot(...downloads: DownloadView[]): Snapshot {
  const totals = { active: 0, queued: 0, done: 0, failed: 0, bytesPerSecond: 0 };
  return { type: 'snapshot', epoch: 'e', seq: 1, downloads, next: null, totals };
}

const update = (...changes: Change[]): Update => ({ type: 'update', seq: 2, changes });

function storeWithLog() {
  const log: string[] = [];
  const store = new RowStore({
    onRow: (row, before) =>
      log.push(`${before === null ? 'new' : `${before.state} →`} ${row.id} ${row.state}`),
    onGone: (id, why) => log.push(`${why} ${id}`),
    onUnknown: (id) => log.push(`unknown ${id}`),
  });
  return { store, log };
}

test('a change of a known row is reported with the row before the change', () => {
  const { store, log } = storeWithLog();
  store.apply(snapshot(view('a')));
  store.apply(update({ id: 'a', state: 'complete' }));
  assert.equal(log, ['new a download', 'download → a complete']);
});

test('changes of a row that came before its listing take precedence over the listing', () => {
  const { store, log } = storeWithLog();
  store.apply(snapshot());
  store.apply(update({ id: 'a', receivedBytes: 7 }, { id: 'a', state: 'finish' }));
  store.addListed([view('a', { receivedBytes: 3, title: 'listed' })], store.generation);
  assert.equal(log, ['unknown a', 'unknown a', 'new a finish']);
  assert.is(store.get('a')?.receivedBytes, 7);
  assert.is(store.get('a')?.title, 'listed');
});

test('a listing neither overwrites a known row nor adds a removed one again', () => {
  const { store } = storeWithLog();
  store.apply(snapshot(view('a', { receivedBytes: 9 }), view('b')));
  store.apply(update({ id: 'b', deleted: true }, { id: 'c', deleted: true }));
  store.addListed([view('a'), view('b'), view('c')], store.generation);
  assert.is(store.get('a')?.receivedBytes, 9);
  assert.equal(
    [...store.values()].map(({ id }) => id),
    ['a'],
  );
});

test('a listing that was requested before a snapshot is ignored', () => {
  const { store } = storeWithLog();
  store.apply(snapshot());
  const { generation } = store;
  store.apply(snapshot());
  store.addListed([view('a')], generation);
  assert.is(store.get('a'), undefined);
});

test('rows that a snapshot has no room for are reported as unlisted, not as removed', () => {
  const { store, log } = storeWithLog();
  store.apply(snapshot(view('a'), view('b')));
  log.length = 0;
  store.apply(snapshot(view('b', { state: 'paused' })));
  assert.equal(log, ['unlisted a', 'download → b paused']);
  store.addListed([view('a')], store.generation);
  assert.ok(store.get('a'));
});

test.run();
