import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HangDetector, type Verdict } from '#lib/watchdog/hang-detector.ts';

const LIMITS = { silentMs: 10_000, signalMs: 3_000, tickMs: 500 };

/** An event loop on a virtual clock. */
class Watched {
  readonly detector = new HangDetector(LIMITS);
  heartbeats = 0;
  isPaused = false;
  isStarting = false;
  atMs = 0;

  tick(elapsedMs = LIMITS.tickMs): Verdict {
    this.atMs += elapsedMs;
    return this.detector.tick({
      heartbeats: this.heartbeats,
      elapsedMs,
      isPaused: this.isPaused,
      isStarting: this.isStarting,
    });
  }

  beat(times = 1): Verdict {
    this.heartbeats += times;
    return this.tick();
  }

  /** Ticks without heartbeats until the wanted verdict, or for `atMostMs`. */
  until(wanted: Verdict['do'], atMostMs = 60_000): Verdict | null {
    for (const startMs = this.atMs; this.atMs - startMs < atMostMs;) {
      const verdict = this.tick();
      if (verdict.do === wanted) return verdict;
    }
    return null;
  }
}

test('a loop with heartbeats is never ended', () => {
  const watched = new Watched();
  for (let n = 0; n < 1000; n++) assert.is(watched.beat().do, 'nothing');
});

test('a loop without heartbeats for 10 s is ended then, and not before', () => {
  const watched = new Watched();
  watched.beat();
  assert.equal(watched.until('end'), { do: 'end', silentMs: 10_000, signal: null });
  assert.is(watched.atMs, 10_500);
});

test('a loop that never had a heartbeat is ended too', () => {
  assert.equal(new Watched().until('end'), { do: 'end', silentMs: 10_000, signal: null });
});

test('a process that opens its store may take any time, and still ends at a signal', () => {
  const watched = new Watched();
  watched.isStarting = true;
  for (let n = 0; n < 1000; n++) assert.is(watched.tick().do, 'nothing');
  watched.detector.onSignal('SIGTERM');
  assert.equal(watched.until('end'), { do: 'end', silentMs: 3_000, signal: 'SIGTERM' });
});

test('a heartbeat starts the time again', () => {
  const watched = new Watched();
  assert.is(watched.until('end', 9_500), null);
  watched.beat();
  assert.is(watched.until('end', 9_500), null);
});

test('the main thread is asked twice, at half of the time and shortly before its end', () => {
  const watched = new Watched();
  watched.beat();
  assert.equal(watched.until('ask'), { do: 'ask', first: true });
  assert.is(watched.atMs, 5_500);
  assert.equal(watched.until('ask'), { do: 'ask', first: false });
  assert.is(watched.atMs, 9_500);
  assert.is(watched.until('ask', 500), null);
  watched.beat();
  assert.equal(watched.until('ask'), { do: 'ask', first: true });
});

test('time in which the watchdog did not run either does not count: suspend, SIGSTOP, a machine that stalls', () => {
  const watched = new Watched();
  for (let n = 0; n < 9; n++) assert.is.not(watched.tick(3_600_000).do, 'end');
  assert.is(watched.tick(3_600_000).do, 'end');
});

test('ticks that come a little late count in full', () => {
  const watched = new Watched();
  for (let n = 0; n < 12; n++) assert.is.not(watched.tick(800).do, 'end');
  assert.is(watched.tick(800).do, 'end');
});

test('a loop that a debugger may pause is not ended, and has its full time once that is over', () => {
  const watched = new Watched();
  watched.until('ask');
  watched.isPaused = true;
  for (let n = 0; n < 1000; n++) assert.is(watched.tick().do, 'nothing');
  watched.detector.onSignal('SIGTERM');
  assert.is(watched.until('end', 60_000), null);
  watched.isPaused = false;
  assert.is(watched.until('end', 2_500), null);
});

test('after a signal that is not handled the process is ended at 3 s without heartbeats', () => {
  const watched = new Watched();
  watched.beat();
  watched.tick();
  watched.detector.onSignal('SIGTERM');
  assert.equal(watched.until('end'), { do: 'end', silentMs: 3_000, signal: 'SIGTERM' });
});

test('time before the signal counts: a loop that was blocked for longer is ended at the next tick', () => {
  const watched = new Watched();
  watched.until('ask');
  watched.detector.onSignal('SIGINT');
  assert.equal(watched.tick(), { do: 'end', silentMs: 5_500, signal: 'SIGINT' });
});

test('a signal counts as handled with the second heartbeat after it, and only then', () => {
  const once = new Watched();
  once.detector.onSignal('SIGTERM');
  once.beat();
  assert.equal(once.until('end'), { do: 'end', silentMs: 3_000, signal: 'SIGTERM' });
  const twice = new Watched();
  twice.detector.onSignal('SIGTERM');
  twice.beat();
  twice.beat();
  assert.equal(twice.until('end'), { do: 'end', silentMs: 10_000, signal: null });
  const together = new Watched();
  together.detector.onSignal('SIGTERM');
  together.beat(2);
  assert.equal(together.until('end'), { do: 'end', silentMs: 10_000, signal: null });
});

test.run();
