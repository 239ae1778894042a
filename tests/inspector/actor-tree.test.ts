import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { newRow, type DownloadRow } from '#lib/actors/download/row.ts';
import { ActorTree } from '#lib/inspector/actor-tree.ts';
import { Hub } from '#lib/inspector/hub.ts';
import { SessionStoreCache } from '#lib/inspector/session-store-cache.ts';

const rowOf = (n: number): DownloadRow =>
  newRow(
    `id${n}`,
    n,
    { url: `https://h/${n}`, streamId: null, engine: null, filename: null, title: null },
    1,
    'http',
  );

function makeTree(sessions: number, downloads: number) {
  const rows = new Map<string, DownloadRow[]>();
  let n = 0;
  for (let s = 0; s < sessions; s++) {
    rows.set(
      `s${s}`,
      Array.from({ length: downloads }, () => rowOf(n++)),
    );
  }
  const hub = new Hub([]);
  hub.addReader();
  const tree = new ActorTree({
    hub,
    loaded: () => [...rows.keys()].map((id) => ({ id, isLive: true, waiting: 0, sockets: 1 })),
    liveDownloads: (session) =>
      (rows.get(session) ?? []).map((row) => ({ row, value: { download: 'live' } })),
    stored: new SessionStoreCache({
      ids: () => [],
      stored: () => ({
        alarmAt: null,
        get: () => undefined,
        list: () => [],
        size: () => ({ bytes: 0, last: null }),
      }),
    }),
    engines: () => [],
    usage: () => ({ cpuPercent: null, rssBytes: null }),
    pid: 1,
    startedAt: 1,
  });
  return { rows, hub, tree };
}

test('a tree of a thousand actors is sent whole once, and then only its changes', () => {
  const { rows, tree } = makeTree(10, 100);
  tree.refresh();
  const first = tree.changesSince(null, null);
  assert.equal([first.whole, first.set.length], [true, 1011]);
  const seen = tree.revision;
  tree.refresh();
  assert.equal(
    tree.changesSince(seen, null).set.filter(({ kind }) => kind === 'download'),
    [],
  );
  const mine = rows.get('s3') ?? [];
  mine[7] = { ...(mine[7] as DownloadRow), title: 'changed' };
  mine.splice(20, 1);
  tree.refresh();
  const change = tree.changesSince(seen, null);
  assert.equal(
    change.set.flatMap((view) => (view.kind === 'download' ? [view.title] : [])),
    ['changed'],
  );
  assert.equal(change.gone, ['download:id320']);
});

test('a session gets its own entries, and the host without other sessions', () => {
  const { rows, tree } = makeTree(3, 2);
  tree.refresh();
  const { set } = tree.changesSince(null, 's1');
  assert.equal(
    set.map(({ id }) => id),
    ['host', 'session:s1', 'download:id2', 'download:id3'],
  );
  assert.equal(
    set.flatMap((view) => (view.kind === 'host' ? [view.sessions, view.live] : [])),
    [1, 1],
  );
  const seen = tree.revision;
  rows.set('s2', []);
  rows.set('s1', [rowOf(2)]);
  tree.refresh();
  assert.equal(tree.changesSince(seen, 's1').gone, ['download:id3']);
});

test('a percentage in the tree is cut to tenths: a download that lacks a byte is not at 100 %', () => {
  const { rows, tree } = makeTree(1, 3);
  const [one, two, three] = rows.get('s0') as [DownloadRow, DownloadRow, DownloadRow];
  rows.set('s0', [
    { ...one, receivedBytes: 999_999, totalBytes: 1_000_000 },
    { ...two, totalBytes: null, percent: 99.97 },
    { ...three, receivedBytes: 5, totalBytes: null, percent: null },
  ]);
  tree.refresh();
  const { set } = tree.changesSince(null, 's0');
  assert.equal(
    set.flatMap((view) => (view.kind === 'download' ? [view.percent] : [])),
    [99.9, 99.9, null],
  );
});

test('a reader that is far behind gets the whole tree again', () => {
  const { tree } = makeTree(1, 1);
  tree.refresh();
  const seen = tree.revision;
  for (let k = 0; k < 200; k++) tree.refresh();
  assert.is(tree.changesSince(seen, null).whole, true);
});

test.run();
