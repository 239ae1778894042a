import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SimulatedClock } from 'xstate';
import { alarmRetryDelayMs, AlarmTimer } from '../../../src/lib/actors/durable/alarms.ts';
import type { Sample } from './sample-object.ts';
import { openHost, settle, type TestHost } from './host.ts';

test('retries wait 2 s, doubled each time, and at most half as much again; after six there is none', () => {
  const delays = (random: number): (number | null)[] =>
    [1, 2, 3, 4, 5, 6, 7].map((retry) => alarmRetryDelayMs(retry, random));
  assert.equal(delays(0), [2000, 4000, 8000, 16_000, 32_000, 64_000, null]);
  assert.equal(delays(0.5), [2500, 5000, 10_000, 20_000, 40_000, 80_000, null]);
});

test('the timer fires at the earliest time, also when that moves nearer or farther', () => {
  const clock = new SimulatedClock();
  let next: number | null = 5000;
  const fired: number[] = [];
  const timer = new AlarmTimer(
    clock,
    () => next,
    () => {
      fired.push(clock.now());
      next = null;
    },
  );
  timer.refresh();
  next = 3000;
  timer.refresh();
  clock.increment(2999);
  assert.equal(fired, []);
  clock.increment(1);
  assert.equal(fired, [3000]);
  next = 4000;
  timer.refresh();
  next = 9000;
  timer.refresh();
  clock.increment(5999);
  assert.equal(fired, [3000]);
  clock.increment(1);
  assert.equal(fired, [3000, 9000]);
  timer.stop();
});

test('the timer reads the clock every minute, so that a changed clock is noticed', () => {
  let now = 0;
  const sleeps: number[] = [];
  let wake = (): void => undefined;
  let fired = 0;
  const timer = new AlarmTimer(
    {
      now: () => now,
      setTimeout: (callback, ms) => {
        sleeps.push(ms);
        wake = callback;
        return 1;
      },
      clearTimeout: () => undefined,
    },
    () => (fired > 0 ? null : 10 * 3_600_000),
    () => {
      fired += 1;
    },
  );
  timer.refresh();
  assert.equal(sleeps, [60_000]);
  now = 10 * 3_600_000;
  wake();
  assert.is(fired, 1);
});

test('that the clock was set back is noticed also when another alarm is set before the timer fires', () => {
  const clock = new SimulatedClock();
  let setBackMs = 0;
  const expected: number[] = [];
  const timer = new AlarmTimer(
    { ...clockOf(clock), now: () => clock.now() - setBackMs },
    () => 20_000,
    () => undefined,
    (expectedNow) => expected.push(expectedNow),
  );
  clock.increment(10_000);
  timer.refresh();
  setBackMs = 3_600_000;
  timer.refresh();
  assert.equal(expected, [10_000]);
  timer.refresh();
  assert.equal(expected, [10_000]);
  timer.stop();
});

function clockOf(clock: SimulatedClock): Pick<SimulatedClock, 'setTimeout' | 'clearTimeout'> {
  return {
    setTimeout: (callback, ms) => clock.setTimeout(callback, ms),
    clearTimeout: (id) => clock.clearTimeout(id),
  };
}

async function get(opened: TestHost, key: string): Promise<unknown> {
  return (await opened.host.get<Sample>('sample', 'a').call('run', [{ op: 'get', key }]))[0];
}

/** Advances the clock in steps, and lets the events of each step run. */
async function pass(opened: TestHost, ms: number, step = 500): Promise<void> {
  for (let left = ms; left > 0; left -= step) {
    opened.clock.increment(Math.min(step, left));
    await settle();
  }
}

test('an alarm whose handler throws runs seven times, then is dropped and reported, and the next alarm works', async () => {
  const opened = await openHost();
  const stub = opened.host.get<Sample>('sample', 'a');
  const outcomes: string[] = [];
  opened.host.observe((event) => {
    if (event.type === 'alarm') outcomes.push(`${event.outcome} ${event.retries} ${opened.clock.now()}`);
  });
  await stub.call('run', [{ op: 'put', key: 'failures', value: 7 }]);
  await stub.call('setAlarm', 1000);
  await settle();
  await pass(opened, 200_000, 500);
  // 1 s, then after 2, 4, 8, 16, 32 and 64 s.
  assert.equal(outcomes, [
    'fired 0 1000',
    'retry 0 1000',
    'fired 1 3000',
    'retry 1 3000',
    'fired 2 7000',
    'retry 2 7000',
    'fired 3 15000',
    'retry 3 15000',
    'fired 4 31000',
    'retry 4 31000',
    'fired 5 63000',
    'retry 5 63000',
    'fired 6 127000',
    'dropped 6 127000',
  ]);
  assert.is(opened.errors.length, 8, 'seven throws and the drop');
  assert.is(await stub.call('getAlarm'), null);
  assert.is(await get(opened, 'rang'), null, 'what a throwing handler wrote is taken back');

  await stub.call('run', [{ op: 'put', key: 'failures', value: 0 }]);
  await stub.call('setAlarm', opened.clock.now() + 1000);
  await settle();
  await pass(opened, 1500);
  assert.equal(await get(opened, 'rang'), { isRetry: false, retryCount: 0 });
  await opened.close();
});

test('the count of retries survives restarts', async () => {
  const opened = await openHost();
  await opened.host.get<Sample>('sample', 'a').call('run', [{ op: 'put', key: 'failures', value: 2 }]);
  await opened.host.get<Sample>('sample', 'a').call('setAlarm', 1000);
  await settle();
  await pass(opened, 1000);
  await opened.reopen();
  await settle();
  await pass(opened, 2000);
  await opened.reopen();
  await settle();
  await pass(opened, 4000);
  assert.equal(await get(opened, 'rang'), { isRetry: true, retryCount: 2 });
  assert.is(await get(opened, 'tries'), 1, 'only the last try took effect');
  await opened.close();
});

test('five hundred alarms that became due while the host was down all fire once after the start', async () => {
  const opened = await openHost();
  const ids = Array.from({ length: 500 }, (_, index) => `actor-${index}`);
  await Promise.all(ids.map((id) => opened.host.get<Sample>('sample', id).call('setAlarm', 1000)));
  await opened.host.close();
  opened.clock.increment(3_600_000);
  await opened.reopen();
  await settle();
  await pass(opened, 10, 1);
  const results = await Promise.all(
    ids.map((id) => opened.host.get<Sample>('sample', id).call('run', [{ op: 'get', key: 'tries' }])),
  );
  assert.equal(
    results.filter(([tries]) => tries !== 1),
    [],
  );
  await opened.close();
});

test.run();
