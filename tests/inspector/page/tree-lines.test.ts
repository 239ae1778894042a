import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { treeLines } from '#lib/inspector/page/state/tree-lines.ts';
import type { ActorView, EntityId } from '#lib/protocol/inspection.ts';

const download = (
  id: string,
  parent: EntityId,
  createdAt: number,
  state = 'download.live',
  since = createdAt,
): ActorView => ({
  id: `download:${id}`,
  kind: 'download',
  parent,
  title: `${id}.bin`,
  state,
  isLive: true,
  since,
  createdAt,
  attempt: 1,
  percent: null,
  errorCode: null,
  lastEvent: null,
});
const session = (id: string, createdAt: number | null = 0, since = 0): ActorView => ({
  id: `session:${id}`,
  kind: 'session',
  parent: 'host',
  state: 'live',
  since,
  createdAt,
  mailbox: 0,
  sockets: 0,
  alarmAt: null,
  storageBytes: null,
  lastEvent: null,
});
const host: ActorView = {
  id: 'host',
  kind: 'host',
  pid: 1,
  since: 0,
  cpuPercent: null,
  rssBytes: null,
  sessions: 2,
  live: 2,
  lastEvent: null,
};
const all = new Map<EntityId, ActorView>(
  [
    host,
    session('one'),
    session('two'),
    download('old', 'session:one', 1),
    download('new', 'session:one', 2, 'paused'),
    download('other', 'session:two', 3),
  ].map((view) => [view.id, view]),
);
const shown = (closed: EntityId[], filter: string): string[] =>
  treeLines(all, new Set(closed), filter).map(({ actor, level }) => `${level} ${actor.id}`);

test('children follow their parent, the newest first', () => {
  assert.equal(shown([], ''), [
    '1 host',
    '2 session:one',
    '3 download:new',
    '3 download:old',
    '2 session:two',
    '3 download:other',
  ]);
});

test('a line stays where it is when its actor comes to another state', () => {
  const order = (...views: ActorView[]): string[] =>
    treeLines(new Map(views.map((view) => [view.id, view])), new Set(), '').map(({ actor }) => actor.id);
  const before = order(
    session('one', 10),
    session('two', 20),
    session('unstored', null),
    download('old', 'session:one', 1),
    download('new', 'session:one', 2),
  );
  assert.equal(before, ['session:unstored', 'session:two', 'session:one', 'download:new', 'download:old']);
  const after = order(
    session('one', 10, 99),
    session('two', 20),
    session('unstored', null),
    download('old', 'session:one', 1, 'paused', 99),
    download('new', 'session:one', 2),
  );
  assert.equal(after, before);
});

test('what is closed hides what is in it', () => {
  assert.equal(shown(['session:one'], ''), ['1 host', '2 session:one', '2 session:two', '3 download:other']);
});

test('a filter keeps what holds a match, and opens it', () => {
  assert.equal(shown(['session:one', 'host'], 'PAUSED'), ['1 host', '2 session:one', '3 download:new']);
  assert.equal(shown([], 'nowhere'), []);
});

test('what holds it may not be shown: then it stands outermost', () => {
  const alone = new Map([['download:x' as EntityId, download('x', 'session:hidden', 1)]]);
  const [line] = treeLines(alone, new Set(), '');
  assert.equal([line?.level, line?.position, line?.siblings], [1, 1, 1]);
});

test.run();
