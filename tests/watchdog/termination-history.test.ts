import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  withTermination,
  withStart,
  blamedJob,
  type CurrentJob,
  type TerminationHistory,
  NO_TERMINATIONS,
  parseHistory,
  parseJob,
  blamedDownloads,
  withoutBlamed,
} from '#lib/watchdog/termination-history.ts';

const AT = '2026-11-29T12:00:00.000Z';
const a: CurrentJob = { session: 's1', download: 'a', site: 'a.example' };
const b: CurrentJob = { session: 's2', download: 'b', site: 'b.example:8080' };
const lookUp: CurrentJob = { session: 's1', download: null, site: 'a.example' };

/** The history after processes that the watchdog ended (over a job, or none known) or that were killed. */
function historyAfter(...ends: (CurrentJob | 'unknown' | 'kill')[]): TerminationHistory {
  let history = NO_TERMINATIONS;
  for (const end of ends) {
    history = withStart(history);
    if (end !== 'kill') history = withTermination(history, end === 'unknown' ? null : end, AT);
  }
  return withStart(history);
}

const asideAfter = (...ends: Parameters<typeof historyAfter>): Record<string, string[]> =>
  Object.fromEntries(blamedDownloads(historyAfter(...ends)));

test('three terminations in a row set a download aside, two do not', () => {
  assert.equal(asideAfter(a, a), {});
  assert.equal(asideAfter(a, a, a), { s1: ['a'] });
});

test('kills alone set nothing aside', () => {
  assert.equal(asideAfter('kill', 'kill', 'kill', 'kill'), {});
});

test('a kill ends the row, wherever it comes', () => {
  assert.equal(asideAfter(a, a, 'kill', a), {});
  assert.equal(asideAfter(a, 'kill', a, a), {});
  assert.equal(asideAfter(a, a, 'kill', a, a, a), { s1: ['a'] });
});

test('downloads that block alternately are each set aside after their own third', () => {
  assert.equal(asideAfter(a, b, a, b, a), { s1: ['a'] });
  assert.equal(asideAfter(a, b, a, b, a, b), { s2: ['b'], s1: ['a'] });
});

test('terminations over a parse or no known job blame no download, and do not end the row', () => {
  assert.equal(asideAfter(lookUp, lookUp, lookUp, 'unknown', 'unknown', 'unknown'), {});
  assert.equal(asideAfter(a, 'unknown', a, lookUp, a), { s1: ['a'] });
});

test('the same id in another session is another download', () => {
  assert.equal(asideAfter(a, a, { ...a, session: 's9' }), {});
});

test('a download stays set aside through kills until its session has stored it; then its count starts again', () => {
  const killed = [a, a, a, 'kill', 'kill'] as const;
  assert.equal(asideAfter(...killed), { s1: ['a'] });
  const stored = withoutBlamed(historyAfter(...killed, b), 's1');
  assert.equal(Object.fromEntries(blamedDownloads(stored)), {});
  assert.equal(
    stored.downloads.map(({ download }) => download),
    ['b'],
  );
  const again = withTermination(withStart(withTermination(stored, a, AT)), a, AT);
  assert.equal(Object.fromEntries(blamedDownloads(again)), {});
});

test('of a session only the downloads that are blamed for a blocked server are removed', () => {
  const other = { ...a, download: 'other' };
  const history = withoutBlamed(historyAfter(a, a, other, a), 's1');
  assert.equal(history.downloads, [{ session: 's1', download: 'other', ends: 1 }]);
});

test('the last termination has its time and job, for people', () => {
  assert.equal(withTermination(NO_TERMINATIONS, lookUp, AT).last, { at: AT, job: lookUp });
  assert.equal(withTermination(NO_TERMINATIONS, null, AT).last, { at: AT, job: null });
});

test('only the latest 100 downloads are kept', () => {
  let history = NO_TERMINATIONS;
  for (let n = 0; n < 150; n++) history = withTermination(history, { ...a, download: `d${n}` }, AT);
  assert.is(history.downloads.length, 100);
  assert.is(history.downloads[0]?.download, 'd149');
  assert.equal(parseHistory(JSON.stringify(history)), history);
});

test('a stored history is read again, and anything else is an empty one', () => {
  const history = withTermination(withTermination(NO_TERMINATIONS, a, AT), b, AT);
  const text = JSON.stringify(history);
  assert.equal(parseHistory(text), history);
  for (let cut = 0; cut < text.length; cut++) assert.equal(parseHistory(text.slice(0, cut)), NO_TERMINATIONS);
  for (const other of [
    '',
    'null',
    '[]',
    '{"version":2}',
    text.replace('"version":1', '"version":2'),
    text.replace('"ends":1', '"ends":-1'),
    text.replace('"ends":1', '"ends":"3"'),
  ]) {
    assert.equal(parseHistory(other), NO_TERMINATIONS, other);
  }
});

test('an answer of the main thread that names no job is null', () => {
  assert.equal(parseJob(JSON.stringify(a)), a);
  for (const other of [undefined, null, 'null', '', '{', '{"session":1,"download":"a","site":null}', 5]) {
    assert.is(parseJob(other), null, String(other));
  }
});

test('only a job that was named both times is blamed', () => {
  assert.is(blamedJob([]), null);
  assert.is(blamedJob([a]), null);
  assert.is(blamedJob([a, b]), null);
  assert.is(blamedJob([a, { ...a, session: 's9' }]), null);
  assert.is(blamedJob([a, { ...a, download: 'other' }]), null);
  assert.is(blamedJob([lookUp, { ...lookUp, site: 'b.example' }]), null);
  assert.equal(blamedJob([a, { ...a }]), a);
});

test.run();
