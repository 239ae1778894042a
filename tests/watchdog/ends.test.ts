import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  afterEnd,
  afterStart,
  blamed,
  type CurrentJob,
  type Ends,
  NO_ENDS,
  readEnds,
  readJob,
  setAside,
  withoutSetAside,
} from '#lib/watchdog/ends.ts';

const AT = '2026-11-29T12:00:00.000Z';
const a: CurrentJob = { session: 's1', download: 'a', site: 'a.example' };
const b: CurrentJob = { session: 's2', download: 'b', site: 'b.example:8080' };
const lookUp: CurrentJob = { session: 's1', download: null, site: 'a.example' };

/** Lives of a process one after the other: noted to be ended over a job or over nothing known, or ended by a kill. */
function afterLives(...lives: (CurrentJob | 'unknown' | 'kill')[]): Ends {
  let ends = NO_ENDS;
  for (const life of lives) {
    ends = afterStart(ends);
    if (life !== 'kill') ends = afterEnd(ends, life === 'unknown' ? null : life, AT);
  }
  return afterStart(ends);
}

const asideAfter = (...lives: Parameters<typeof afterLives>): Record<string, string[]> =>
  Object.fromEntries(setAside(afterLives(...lives)));

test('three noted ends in a row set a download aside, two do not', () => {
  assert.equal(asideAfter(a, a), {});
  assert.equal(asideAfter(a, a, a), { s1: ['a'] });
});

test('kills alone set nothing aside', () => {
  assert.equal(asideAfter('kill', 'kill', 'kill', 'kill'), {});
});

test('a kill breaks the row, wherever it comes', () => {
  assert.equal(asideAfter(a, a, 'kill', a), {});
  assert.equal(asideAfter(a, 'kill', a, a), {});
  assert.equal(asideAfter(a, a, 'kill', a, a, a), { s1: ['a'] });
});

test('downloads that block in turns are each set aside after their own third', () => {
  assert.equal(asideAfter(a, b, a, b, a), { s1: ['a'] });
  assert.equal(asideAfter(a, b, a, b, a, b), { s2: ['b'], s1: ['a'] });
});

test('ends over a look-up or over nothing known blame nobody, and break nothing', () => {
  assert.equal(asideAfter(lookUp, lookUp, lookUp, 'unknown', 'unknown', 'unknown'), {});
  assert.equal(asideAfter(a, 'unknown', a, lookUp, a), { s1: ['a'] });
});

test('the same id in another session is another download', () => {
  assert.equal(asideAfter(a, a, { ...a, session: 's9' }), {});
});

test('what is set aside stays so through kills, until its session has stored it; then it counts from nothing', () => {
  const killed = [a, a, a, 'kill', 'kill'] as const;
  assert.equal(asideAfter(...killed), { s1: ['a'] });
  const stored = withoutSetAside(afterLives(...killed, b), 's1');
  assert.equal(Object.fromEntries(setAside(stored)), {});
  assert.equal(
    stored.downloads.map(({ download }) => download),
    ['b'],
  );
  const again = afterEnd(afterStart(afterEnd(stored, a, AT)), a, AT);
  assert.equal(Object.fromEntries(setAside(again)), {});
});

test('of a session only what is set aside is taken out', () => {
  const other = { ...a, download: 'other' };
  const ends = withoutSetAside(afterLives(a, a, other, a), 's1');
  assert.equal(ends.downloads, [{ session: 's1', download: 'other', ends: 1 }]);
});

test('the last end says when and over what, for people', () => {
  assert.equal(afterEnd(NO_ENDS, lookUp, AT).last, { at: AT, job: lookUp });
  assert.equal(afterEnd(NO_ENDS, null, AT).last, { at: AT, job: null });
});

test('no more than 100 downloads are remembered, the latest', () => {
  let ends = NO_ENDS;
  for (let n = 0; n < 150; n++) ends = afterEnd(ends, { ...a, download: `d${n}` }, AT);
  assert.is(ends.downloads.length, 100);
  assert.is(ends.downloads[0]?.download, 'd149');
  assert.equal(readEnds(JSON.stringify(ends)), ends);
});

test('what was written is read, and anything else is as if nothing was noted', () => {
  const ends = afterEnd(afterEnd(NO_ENDS, a, AT), b, AT);
  const text = JSON.stringify(ends);
  assert.equal(readEnds(text), ends);
  for (let cut = 0; cut < text.length; cut++) assert.equal(readEnds(text.slice(0, cut)), NO_ENDS);
  for (const other of [
    '',
    'null',
    '[]',
    '{"version":2}',
    text.replace('"version":1', '"version":2'),
    text.replace('"ends":1', '"ends":-1'),
    text.replace('"ends":1', '"ends":"3"'),
  ]) {
    assert.equal(readEnds(other), NO_ENDS, other);
  }
});

test('an answer of the main thread that names no job is none', () => {
  assert.equal(readJob(JSON.stringify(a)), a);
  for (const other of [undefined, null, 'null', '', '{', '{"session":1,"download":"a","site":null}', 5]) {
    assert.is(readJob(other), null, String(other));
  }
});

test('only a job that was named both times is blamed', () => {
  assert.is(blamed([]), null);
  assert.is(blamed([a]), null);
  assert.is(blamed([a, b]), null);
  assert.is(blamed([a, { ...a, session: 's9' }]), null);
  assert.is(blamed([a, { ...a, download: 'other' }]), null);
  assert.is(blamed([lookUp, { ...lookUp, site: 'b.example' }]), null);
  assert.equal(blamed([a, { ...a }]), a);
});

test.run();
