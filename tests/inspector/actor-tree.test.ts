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

function world(sessions: number, downloads: number) {
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
  const census = new ActorTree({
    hub,
    residents: () => [...rows.keys()].map((id) => ({ id, isLive: true, waiting: 0, sockets: 1 })),
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
  return { rows, hub, census };
}

test('a thousand actors come whole once, and then only what changed', () => {
  const { rows, census } = world(10, 100);
  census.refresh();
  const first = census.changesSince(null, null);
  assert.equal([first.whole, first.set.length], [true, 1011]);
  const seen = census.revision;
  census.refresh();
  assert.equal(
    census.changesSince(seen, null).set.filter(({ kind }) => kind === 'download'),
    [],
  );
  const mine = rows.get('s3') ?? [];
  mine[7] = { ...(mine[7] as DownloadRow), title: 'changed' };
  mine.splice(20, 1);
  census.refresh();
  const change = census.changesSince(seen, null);
  assert.equal(
    change.set.flatMap((view) => (view.kind === 'download' ? [view.title] : [])),
    ['changed'],
  );
  assert.equal(change.gone, ['download:id320']);
});

test('a session is told of its own lines, and of the process without who else is in it', () => {
  const { rows, census } = world(3, 2);
  census.refresh();
  const { set } = census.changesSince(null, 's1');
  assert.equal(
    set.map(({ id }) => id),
    ['host', 'session:s1', 'download:id2', 'download:id3'],
  );
  assert.equal(
    set.flatMap((view) => (view.kind === 'host' ? [view.sessions, view.live] : [])),
    [1, 1],
  );
  const seen = census.revision;
  rows.set('s2', []);
  rows.set('s1', [rowOf(2)]);
  census.refresh();
  assert.equal(census.changesSince(seen, 's1').gone, ['download:id3']);
});

test('a percentage in the tree is cut to tenths: what lacks a byte is not 100 %', () => {
  const { rows, census } = world(1, 3);
  const [one, two, three] = rows.get('s0') as [DownloadRow, DownloadRow, DownloadRow];
  rows.set('s0', [
    { ...one, receivedBytes: 999_999, totalBytes: 1_000_000 },
    { ...two, totalBytes: null, percent: 99.97 },
    { ...three, receivedBytes: 5, totalBytes: null, percent: null },
  ]);
  census.refresh();
  const { set } = census.changesSince(null, 's0');
  assert.equal(
    set.flatMap((view) => (view.kind === 'download' ? [view.percent] : [])),
    [99.9, 99.9, null],
  );
});

test('who was away for long gets the whole again', () => {
  const { census } = world(1, 1);
  census.refresh();
  const seen = census.revision;
  for (let k = 0; k < 200; k++) census.refresh();
  assert.is(census.changesSince(seen, null).whole, true);
});

test.run();
