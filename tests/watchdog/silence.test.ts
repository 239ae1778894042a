import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Silence, type Verdict } from '#lib/watchdog/silence.ts';

const LIMITS = { silentMs: 10_000, signalMs: 3_000, tickMs: 500 };

/** A watched loop on a virtual clock. */
class Watched {
  readonly silence = new Silence(LIMITS);
  beats = 0;
  isHeld = false;
  atMs = 0;

  tick(elapsedMs = LIMITS.tickMs): Verdict {
    this.atMs += elapsedMs;
    return this.silence.tick({ beats: this.beats, elapsedMs, isHeld: this.isHeld });
  }

  beat(times = 1): Verdict {
    this.beats += times;
    return this.tick();
  }

  /** Ticks in silence until something is to be done, or so long. */
  until(wanted: Verdict['do'], atMostMs = 60_000): Verdict | null {
    for (const startMs = this.atMs; this.atMs - startMs < atMostMs;) {
      const verdict = this.tick();
      if (verdict.do === wanted) return verdict;
    }
    return null;
  }
}

test('a loop that beats is left alone, however long', () => {
  const watched = new Watched();
  for (let n = 0; n < 1000; n++) assert.is(watched.beat().do, 'nothing');
});

test('a loop that is silent for 10 s is ended then, and not before', () => {
  const watched = new Watched();
  watched.beat();
  assert.equal(watched.until('end'), { do: 'end', silentMs: 10_000, signal: null });
  assert.is(watched.atMs, 10_500);
});

test('a loop that never beat is ended as well', () => {
  assert.equal(new Watched().until('end'), { do: 'end', silentMs: 10_000, signal: null });
});

test('a beat begins the time anew', () => {
  const watched = new Watched();
  assert.is(watched.until('end', 9_500), null);
  watched.beat();
  assert.is(watched.until('end', 9_500), null);
});

test('the main thread is asked twice in a silence, long before its end and shortly before it', () => {
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

test('time in which the watcher did not run either does not count: suspend, SIGSTOP, a machine that stalls', () => {
  const watched = new Watched();
  for (let n = 0; n < 9; n++) assert.is.not(watched.tick(3_600_000).do, 'end');
  assert.is(watched.tick(3_600_000).do, 'end');
});

test('ticks that come a little late count as what they took', () => {
  const watched = new Watched();
  for (let n = 0; n < 12; n++) assert.is.not(watched.tick(800).do, 'end');
  assert.is(watched.tick(800).do, 'end');
});

test('a loop that a debugger may hold is not ended, and has its whole time when that has gone', () => {
  const watched = new Watched();
  watched.until('ask');
  watched.isHeld = true;
  for (let n = 0; n < 1000; n++) assert.is(watched.tick().do, 'nothing');
  watched.silence.signalled('SIGTERM');
  assert.is(watched.until('end', 60_000), null);
  watched.isHeld = false;
  assert.is(watched.until('end', 2_500), null);
});

test('after a signal that is not handled the process is ended at 3 s of silence', () => {
  const watched = new Watched();
  watched.beat();
  watched.tick();
  watched.silence.signalled('SIGTERM');
  assert.equal(watched.until('end'), { do: 'end', silentMs: 3_000, signal: 'SIGTERM' });
});

test('silence from before the signal counts: what was blocked for longer is ended at the next tick', () => {
  const watched = new Watched();
  watched.until('ask');
  watched.silence.signalled('SIGINT');
  assert.equal(watched.tick(), { do: 'end', silentMs: 5_500, signal: 'SIGINT' });
});

test('a signal counts as handled with the second beat after it, and only then', () => {
  const once = new Watched();
  once.silence.signalled('SIGTERM');
  once.beat();
  assert.equal(once.until('end'), { do: 'end', silentMs: 3_000, signal: 'SIGTERM' });
  const twice = new Watched();
  twice.silence.signalled('SIGTERM');
  twice.beat();
  twice.beat();
  assert.equal(twice.until('end'), { do: 'end', silentMs: 10_000, signal: null });
  const together = new Watched();
  together.silence.signalled('SIGTERM');
  together.beat(2);
  assert.equal(together.until('end'), { do: 'end', silentMs: 10_000, signal: null });
});

test.run();
