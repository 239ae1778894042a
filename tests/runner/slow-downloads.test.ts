/** Downloads that are too slow give their slot to one that waits. All on a virtual clock. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SimulatedClock } from 'xstate';
import type { RunnerClock } from '#lib/runner/clock.ts';
import { FLOOR_BYTES_PER_SECOND, SlowDownloads, MEASURED_MS } from '#lib/runner/slow-downloads.ts';
import { Reachability } from '#lib/runner/reachability.ts';
import { drip, PROMPT_ROOT, STEP_MS } from './dripping.ts';
import { createFixture, startOf, summarize, testsWith } from './fixture.ts';

const test = suite('floor rate');
const testWith = testsWith(test);

/** Downloads that run, and what they received; `waits` = for which of them another waits. */
function world() {
  const clock = new SimulatedClock();
  const floor = new SlowDownloads(clock);
  const gave: string[] = [];
  const said: string[] = [];
  const waits = new Set<string>();
  const running = new Map<string, { bytes: number | null; rate: number; end: () => void }>();
  return {
    gave,
    said,
    waits,
    running,
    run: (name: string, rate: number, slots = 1): void => {
      const one = { bytes: 0 as number | null, rate, end: () => undefined };
      one.end = floor.watch({
        receivedBytes: () => one.bytes,
        slots: () => slots,
        isSlotWanted: () => waits.has(name),
        onSlow: (isSlow) => void said.push(`${name} ${isSlow}`),
        giveWay: () => void gave.push(name),
      }) as () => undefined;
      running.set(name, one);
    },
    pass: (ms: number): void => {
      for (let passed = 0; passed < ms; passed += STEP_MS) {
        for (const one of running.values()) if (one.bytes !== null) one.bytes += (one.rate * STEP_MS) / 1_000;
        clock.increment(STEP_MS);
      }
    },
  };
}

test('a download below the floor gives way once it was measured, one at the floor never', () => {
  const { run, pass, waits, gave } = world();
  run('slow', FLOOR_BYTES_PER_SECOND - 1);
  run('fast enough', FLOOR_BYTES_PER_SECOND);
  for (const name of ['slow', 'fast enough']) waits.add(name);
  pass(MEASURED_MS);
  assert.equal(gave, []);
  pass(STEP_MS);
  assert.equal(gave, ['slow']);
  pass(10 * MEASURED_MS);
  assert.equal(gave, ['slow']);
});

test('its timer runs while anything is measured, and not after', () => {
  const clock = new SimulatedClock();
  let timers = 0;
  const counting: RunnerClock = {
    now: () => clock.now(),
    setTimeout: (callback, ms) => (timers++, clock.setTimeout(callback, ms)),
    clearTimeout: (handle) => (timers--, clock.clearTimeout(handle)),
  };
  const floor = new SlowDownloads(counting);
  const nothing = (): undefined => undefined;
  const idle = {
    ...{ receivedBytes: () => null, slots: () => 1, isSlotWanted: () => true },
    ...{ onSlow: nothing, giveWay: nothing },
  };
  const [first, second] = [floor.watch(idle), floor.watch(idle)];
  first();
  assert.is(timers, 1);
  second();
  second();
  assert.is(timers, 0);
  floor.watch(idle)();
  assert.is(timers, 0);
});

test('while nothing waits that could run, nobody gives way; who comes later is not kept waiting', () => {
  const { run, pass, waits, gave } = world();
  run('slow', 1);
  pass(10 * MEASURED_MS + STEP_MS);
  assert.equal(gave, []);
  waits.add('slow');
  pass(STEP_MS);
  assert.equal(gave, ['slow']);
});

test('time without a byte of the file does not count, nor what came before it began anew', () => {
  const { run, pass, waits, gave, running } = world();
  run('slow', 1);
  waits.add('slow');
  const slow = running.get('slow')!;
  slow.bytes = null;
  pass(10 * MEASURED_MS);
  slow.bytes = 500_000;
  pass(MEASURED_MS - STEP_MS);
  slow.bytes = 0;
  pass(MEASURED_MS);
  assert.equal(gave, []);
  pass(STEP_MS);
  assert.equal(gave, ['slow']);
});

test('one that was slow and is fast again keeps its slot, and each is said once', () => {
  const { run, pass, waits, gave, said, running } = world();
  run('uneven', 1);
  run('fast', FLOOR_BYTES_PER_SECOND);
  pass(3 * MEASURED_MS + STEP_MS);
  assert.equal(said, ['uneven true']);
  running.get('uneven')!.rate = 1_000_000;
  pass(STEP_MS);
  waits.add('uneven');
  pass(5 * MEASURED_MS);
  assert.equal(gave, []);
  assert.equal(said, ['uneven true', 'uneven false']);
});

test('one that is being joined by now, or has begun anew, keeps its slot', () => {
  const { run, pass, waits, gave, running } = world();
  run('joined', 1);
  run('first', 1);
  run('begun anew', 1);
  pass(MEASURED_MS + STEP_MS);
  waits.add('first');
  pass(STEP_MS);
  for (const name of ['joined', 'begun anew']) waits.add(name);
  running.get('joined')!.bytes = null;
  running.get('first')!.end();
  assert.equal(gave, ['first', 'begun anew'], 'it was slow, and has its bytes');
  running.get('begun anew')!.bytes = 0;
  running.get('begun anew')!.end();
  run('slow', 1);
  pass(MEASURED_MS + STEP_MS);
  waits.add('slow');
  running.get('slow')!.bytes = 0;
  pass(MEASURED_MS);
  assert.equal(gave.length, 2);
  pass(STEP_MS);
  assert.equal(gave[2], 'slow');
});

test('one at a time gives way, first of the owner that holds the most; the next once that slot is free', () => {
  const { run, pass, waits, gave, running } = world();
  run('of few', 1, 1);
  run('of many', 1, 7);
  run('of many too', 1, 7);
  for (const name of running.keys()) waits.add(name);
  pass(10 * MEASURED_MS);
  assert.equal(gave, ['of many']);
  running.get('of many')!.end();
  assert.equal(gave, ['of many', 'of many too']);
  running.get('of few')!.end();
  assert.equal(gave.length, 2);
  running.get('of many too')!.end();
  assert.equal(gave.length, 2);
});

const one = { maxActive: 1, root: PROMPT_ROOT };
const two = { url: 'https://other.test/bbb' };

testWith(
  'a slow download gives way, keeps its bytes and comes again behind the other',
  one,
  async (fixture) => {
    const { runner, http, events, event } = fixture;
    runner.send('s1', startOf('aaa'));
    const slow = await http.call(0);
    slow.job.onInfo({ resumes: true });
    runner.send('s1', startOf('bbb', 1, two));
    await drip(fixture, MEASURED_MS, [slow]);
    assert.is(slow.job.signal.reason, undefined);
    await drip(fixture, 2 * STEP_MS, [slow]);
    await event('gave-way');
    const fast = await http.call(1);
    assert.match(fast.job.url, 'other.test');
    assert.equal(
      runner.jobs().map(({ download, state }) => `${download} ${state}`),
      ['aaa waiting', 'bbb running'],
    );
    // A session that woke up learns it again.
    runner.send('s1', startOf('aaa'));
    await event('gave-way', 1);
    await fast.finish('fast.mp4');
    await event('done');
    const again = await http.call(2);
    assert.is(again.job.workDir, slow.job.workDir);
    assert.match(await fixture.workDirs().then(String), 'aaa');
    await again.finish('slow.mp4');
    await event('done', 1);
    const said = (id: string): string[] =>
      summarize(events()).filter((text) => !text.startsWith('sample') && text.includes(id));
    assert.equal(said('bbb'), ['phase download bbb.1', 'phase finish bbb.1', 'landed bbb.1', 'done bbb.1']);
    assert.equal(said('aaa'), [
      ...['phase download aaa.1', 'slow aaa.1', 'gave-way aaa.1', 'gave-way aaa.1'],
      ...['phase download aaa.1', 'phase finish aaa.1', 'landed aaa.1', 'done aaa.1'],
    ]);
  },
);

testWith(
  'one that cannot be resumed, has no byte in this attempt, or is joined keeps its slot',
  { maxActive: 3, stallMs: Infinity, root: PROMPT_ROOT },
  async (fixture) => {
    const { runner, http } = fixture;
    for (const id of ['aaa', 'bbb', 'ccc']) runner.send('s1', startOf(id));
    const [unresumable, silent, joined] = [await http.call(0), await http.call(1), await http.call(2)];
    silent.job.onInfo({ resumes: true });
    joined.job.onInfo({ resumes: true });
    joined.sample(5);
    joined.job.onPhase('finish');
    runner.send('s2', startOf('ddd'));
    await drip(fixture, 3 * MEASURED_MS, [unresumable]);
    assert.not([unresumable, silent, joined].some(({ job }) => job.signal.aborted));
    assert.is(http.calls.length, 3);
  },
);

testWith('nothing gives way to what would be refused: its host is away', one, async (fixture) => {
  const { clock } = fixture;
  const reachability = new Reachability({ clock });
  const other = await createFixture({ ...one, clock, reachability });
  try {
    const { runner, http } = other;
    runner.send('s1', startOf('aaa'));
    const slow = await http.call(0);
    slow.job.onInfo({ resumes: true });
    reachability.dials.answered('media.test:443');
    reachability.dials.failed({ host: 'other.test:443', obstacle: 'refused' });
    assert.ok(reachability.isAway('other.test:443'));
    runner.send('s1', startOf('bbb', 1, two));
    await drip({ ...other, clock }, MEASURED_MS + 2 * STEP_MS, [slow]);
    assert.not(slow.job.signal.aborted);
    reachability.dials.answered('other.test:443');
    await drip({ ...other, clock }, STEP_MS, [slow]);
    assert.ok(slow.job.signal.aborted);
  } finally {
    await other.close();
  }
});

testWith('one that is stopped while it gives way stays stopped', one, async (fixture) => {
  const { runner, http, event } = fixture;
  http.endsOnAbort = false;
  runner.send('s1', startOf('aaa'));
  const slow = await http.call(0);
  slow.job.onInfo({ resumes: true });
  runner.send('s1', startOf('bbb', 1, two));
  await drip(fixture, MEASURED_MS + 2 * STEP_MS, [slow]);
  await event('gave-way');
  runner.send('s1', { type: 'stop', download: 'aaa', attempt: 1 });
  slow.endAborted();
  await event('stopped');
  await (await http.call(1)).finish();
  await event('done');
  assert.equal(http.calls.length, 2);
});

test.run();
