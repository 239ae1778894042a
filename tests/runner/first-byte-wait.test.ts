import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SimulatedClock } from 'xstate';
import { FirstByteWait } from '#lib/runner/first-byte-wait.ts';

function waitWith(): { clock: SimulatedClock; wait: FirstByteWait; calls: string[] } {
  const clock = new SimulatedClock();
  const calls: string[] = [];
  const wait = new FirstByteWait({
    clock,
    onWaiting: (isWaiting) => calls.push(isWaiting ? 'waits' : 'goes on'),
    onLongWait: (isWaiting) => calls.push(isWaiting ? 'waits long' : 'goes on after long'),
  });
  return { clock, wait, calls };
}

test('a job waits from its first waiting request to its last', () => {
  const { clock, wait, calls } = waitWith();
  wait.update(true);
  clock.increment(1000);
  wait.update(true);
  wait.update(false);
  assert.equal(calls, ['waits']);
  clock.increment(1000);
  assert.equal(calls, ['waits', 'waits long']);
  wait.update(false);
  assert.equal(calls, ['waits', 'waits long', 'goes on', 'goes on after long']);
});

test('a short wait is not reported as a long one', () => {
  const { clock, wait, calls } = waitWith();
  wait.update(true);
  clock.increment(1999);
  wait.update(false);
  clock.increment(10_000);
  assert.equal(calls, ['waits', 'goes on']);
});

test('nothing is reported of a job that has ended', () => {
  const { clock, wait, calls } = waitWith();
  wait.update(true);
  wait.stop();
  clock.increment(10_000);
  wait.update(false);
  assert.equal(calls, ['waits']);
});

test.run();
