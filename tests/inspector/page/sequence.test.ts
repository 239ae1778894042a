import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_STEPS, stepsOf, eventLabel } from '#lib/inspector/page/log/sequence.ts';
import type { Observation } from '#lib/protocol/inspection.ts';

const common = { at: 0, session: 'one', cause: null };
const drawn = (...seen: object[]): string[] =>
  stepsOf(seen.map((one, n) => ({ n, ...common, ...one }) as Observation)).map(
    ({ from, to, text }) => `${from}→${to} ${text}`,
  );

test('each observation between two actors becomes a message between them', () => {
  const about = 'download:a';
  assert.equal(
    drawn(
      { about: 'client:1', kind: 'frame', direction: 'in', bytes: 9, summary: 'command add' },
      { about, kind: 'event', from: 'session:one', event: 'run', data: null },
      { about, kind: 'command', command: 'start', data: null },
      {
        about: 'engine:x',
        kind: 'process',
        what: 'start',
        pid: 7,
        argv: [],
        exitCode: null,
        signal: null,
        durationMs: null,
      },
      { about, kind: 'news', news: 'phase', phase: 'download', data: null },
      {
        about,
        kind: 'transition',
        machine: 'download',
        event: 'phase',
        value: 'download.live',
        took: ['x'],
        changed: {},
      },
      { about: 'store', kind: 'commit', outcome: 'done', actors: 1, writes: 2, durationMs: 1 },
    ),
    [
      'client→session command add',
      'session→download run',
      'session→runner start',
      'runner→engine start 7',
      'runner→session phase download',
      'download→download → download.live',
      'session→store commit done',
    ],
  );
});

test('a turn is drawn only if no other observation shows its message', () => {
  const turn = { about: 'session:one', kind: 'turn', outcome: 'done', durationMs: 1, waiting: 0 };
  assert.equal(
    drawn(
      { ...turn, from: 'client:http', event: 'fetch' },
      { ...turn, from: 'client:1', event: 'message' },
      { ...turn, from: 'runner', event: 'runnerEvents' },
    ),
    ['client→session fetch'],
  );
});

test('the newest steps are kept, and transitions that changed nothing are left out', () => {
  const event = { about: 'session:one', kind: 'event', from: 'clock', event: 'e', data: null };
  assert.is(drawn(...Array.from({ length: MAX_STEPS + 5 }, () => event)).length, MAX_STEPS);
  const idle = {
    about: 'session:one',
    kind: 'transition',
    machine: 'session',
    event: 'stir',
    value: 'window',
    took: [],
    changed: {},
  };
  assert.equal(drawn(idle), []);
});

test("XState's own events get short names", () => {
  assert.is(eventLabel('xstate.after.throttle.session.window'), 'after throttle');
  assert.is(eventLabel('xstate.done.actor.abc'), 'child done');
  assert.is(eventLabel('pause'), 'pause');
});

test.run();
