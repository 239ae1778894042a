import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startTimer, systemRunnerClock } from '#lib/runner/clock.ts';

const fires = (delayMs: number): Promise<string> =>
  new Promise((resolve) => startTimer(systemRunnerClock, delayMs, () => resolve(`after ${delayMs}`)));

test('the time is monotonic, in ms since the start of the process', () => {
  const [before, now, after] = [performance.now(), systemRunnerClock.now(), performance.now()];
  assert.ok(before <= now && now <= after, `${before} ${now} ${after}`);
});

test('a timer fires once, the shorter one first, and never after it was stopped or with an infinite delay', async () => {
  let others = 0;
  const stops = [5, Infinity, NaN].map((delayMs) => startTimer(systemRunnerClock, delayMs, () => others++));
  stops[0]?.();
  assert.is(await Promise.race([fires(30), fires(1)]), 'after 1');
  await fires(20);
  for (const stop of stops) stop();
  assert.is(others, 0);
});

test.run();
