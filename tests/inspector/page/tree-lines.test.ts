import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { treeLines } from '#lib/inspector/page/state/tree-lines.ts';
import type { ActorView, Party } from '#lib/protocol/inspection.ts';

const download = (id: string, parent: Party, since: number, state = 'download.live'): ActorView => ({
  id: `download:${id}`,
  kind: 'download',
  parent,
  title: `${id}.bin`,
  state,
  isLive: true,
  since,
  attempt: 1,
  percent: null,
  errorCode: null,
  lastEvent: null,
});
const session = (id: string): ActorView => ({
  id: `session:${id}`,
  kind: 'session',
  parent: 'host',
  state: 'live',
  since: 0,
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
const all = new Map<Party, ActorView>(
  [
    host,
    session('one'),
    session('two'),
    download('old', 'session:one', 1),
    download('new', 'session:one', 2, 'paused'),
    download('other', 'session:two', 3),
  ].map((view) => [view.id, view]),
);
const shown = (closed: Party[], filter: string): string[] =>
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

test('what is closed hides what is in it', () => {
  assert.equal(shown(['session:one'], ''), ['1 host', '2 session:one', '2 session:two', '3 download:other']);
});

test('a filter keeps what holds a match, and opens it', () => {
  assert.equal(shown(['session:one', 'host'], 'PAUSED'), ['1 host', '2 session:one', '3 download:new']);
  assert.equal(shown([], 'nowhere'), []);
});

test('what holds it may not be shown: then it stands outermost', () => {
  const alone = new Map([['download:x' as Party, download('x', 'session:hidden', 1)]]);
  const [line] = treeLines(alone, new Set(), '');
  assert.equal([line?.level, line?.position, line?.siblings], [1, 1, 1]);
});

test.run();
