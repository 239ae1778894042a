/** In one list slow downloads give way to the next, which never lets more of them run than the list has slots. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { MEASURED_MS } from '#lib/runner/slow-downloads.ts';
import type { EngineCall, Fixture } from './fixture.ts';
import { nextTurns, startOf, testsWith } from './fixture.ts';
import { drip, PROMPT_ROOT, STEP_MS } from './dripping.ts';

const test = suite('slow downloads of one list');
const testWith = testsWith(test);
const options = {
  maxActive: 8,
  maxActivePerSession: 2,
  stallMs: Infinity,
  leaseMs: Infinity,
  root: PROMPT_ROOT,
};

async function slowCall({ http }: Fixture, n: number): Promise<EngineCall> {
  const call = await http.call(n);
  call.job.onInfo({ resumes: true });
  return call;
}

function states({ runner }: Fixture, session: string): string[] {
  const of = runner.jobs().filter((job) => job.session === session);
  return of.map(({ download, state }) => `${download} ${state}`);
}

testWith(
  'each of a list that drips is said to be slow once, gives way to the next, and comes again when none waits',
  options,
  async (fixture) => {
    const { runner, http, events, event } = fixture;
    for (const id of ['aaa', 'bbb']) runner.send('s1', startOf(id));
    const slow = [await slowCall(fixture, 0), await slowCall(fixture, 1)];
    runner.send('other', startOf('ccc'));
    const bystander = await slowCall(fixture, 2);
    await drip(fixture, MEASURED_MS + STEP_MS, slow);
    await event('slow', 1);
    await drip(fixture, 2 * MEASURED_MS, slow);
    assert.not(
      slow.some(({ job }) => job.signal.aborted),
      'none waits',
    );
    // A session that woke up learns it again.
    runner.send('s1', startOf('aaa'));
    await event('slow', 2);

    for (const id of ['ddd', 'eee', 'fff']) runner.send('s1', startOf(id));
    await nextTurns();
    assert.is(http.calls.length, 3, 'the list has its two slots');
    await drip(fixture, STEP_MS, slow);
    const fast = [await http.call(3), await http.call(4)];
    const waiting = ['aaa waiting', 'bbb waiting'];
    assert.equal(states(fixture, 's1'), [...waiting, 'ddd running', 'eee running', 'fff waiting']);
    await fast[0]!.finish('d.mp4');
    await event('done');
    const last = await http.call(5);
    assert.match(last.job.url, 'fff', 'what has given way goes last');
    await last.finish('f.mp4');
    await event('done', 1);
    const again = await http.call(6);
    const before = slow.map(({ job }) => job.workDir);
    assert.ok(before.includes(again.job.workDir));
    assert.is(http.calls.length, 7);
    assert.not(bystander.job.signal.aborted);
    assert.equal(
      events('other').map(({ type }) => type),
      ['phase'],
    );
    assert.equal(
      events().flatMap((one) => (one.type === 'slow' ? [`${one.download} ${one.isSlow}`] : [])),
      ['aaa true', 'bbb true', 'aaa true'],
    );
  },
);

testWith(
  'two that are slow do not give way to each other within ten minutes, and then they do',
  { ...options, maxActivePerSession: 1 },
  async (fixture) => {
    const { runner, http, events, event } = fixture;
    for (const id of ['aaa', 'bbb']) runner.send('s1', startOf(id));
    const first = await slowCall(fixture, 0);
    await drip(fixture, MEASURED_MS + 2 * STEP_MS, [first]);
    await event('gave-way');
    const second = await slowCall(fixture, 1);
    await drip(fixture, 590_000, [second]);
    assert.is(events().filter(({ type }) => type === 'gave-way').length, 1);
    await drip(fixture, 20_000, [second]);
    assert.equal((await event('gave-way', 1)).download, 'bbb');
    assert.match((await http.call(2)).job.url, 'aaa');
  },
);

testWith('one that is fast again says so', options, async (fixture) => {
  const { runner, event, events } = fixture;
  runner.send('s1', startOf('aaa'));
  const slow = await slowCall(fixture, 0);
  await drip(fixture, MEASURED_MS + STEP_MS, [slow]);
  assert.is((await event('slow')).isSlow, true);
  slow.sample(10_000_000);
  fixture.clock.increment(STEP_MS);
  assert.is((await event('slow', 1)).isSlow, false);
  runner.send('s1', startOf('aaa'));
  await event('phase', 1);
  await nextTurns();
  assert.is(events().filter(({ type }) => type === 'slow').length, 2);
});

test.run();
