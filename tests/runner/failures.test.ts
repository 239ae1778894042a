import { chmod } from 'node:fs/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SluiceError } from '#lib/protocol/error.ts';
import { waitFor } from '../support/wait.ts';
import { startOf, summarize, testsWith } from './fixture.ts';

const test = suite('failures');
const testWith = testsWith(test);

for (const [what, thrown, expected] of [
  [
    'a SluiceError',
    new SluiceError('engine_exit', 'Exit 3.', { transient: false }),
    ['engine_exit', 'Exit 3.', false],
  ],
  [
    'a full disk',
    Object.assign(new Error('x'), { code: 'ENOSPC', syscall: 'write' }),
    ['disk_full', 'The disk is full.', true],
  ],
  [
    'a missing program',
    Object.assign(new Error('spawn /usr/secret ENOENT'), { code: 'ENOENT', syscall: 'spawn /usr/secret' }),
    ['internal_error', 'Something broke inside Sluice.', true],
  ],
  [
    'a bug',
    new TypeError('x of undefined at /srv/secret'),
    ['internal_error', 'Something broke inside Sluice.', true],
  ],
  ['a thrown string', 'no', ['internal_error', 'Something broke inside Sluice.', true]],
] as const) {
  testWith(`${what} thrown by an engine is a coded failure`, {}, async ({ runner, http, event, logged }) => {
    runner.send('s1', startOf('aaa'));
    (await http.call(0)).fail(thrown);
    const { error } = await event('failed');
    assert.equal([error.code, error.message, error.transient], expected);
    assert.is(logged.includes('a download broke'), error.code === 'internal_error');
  });
}

testWith('an engine that throws synchronously harms no other job', {}, async ({ runner, http, event }) => {
  const download = http.download.bind(http);
  http.download = (job) => {
    if (job.workDir.endsWith('bbb')) return download(job);
    throw new Error('on the spot');
  };
  runner.send('s1', startOf('aaa'));
  runner.send('s1', startOf('bbb'));
  assert.is((await event('failed')).download, 'aaa');
  await (await http.call(0)).finish();
  assert.is((await event('done')).download, 'bbb');
});

testWith('a work dir that cannot be created fails with the reason', {}, async ({ runner, dir, event }) => {
  await chmod(dir, 0o500);
  runner.send('s1', startOf('bad id'));
  assert.is((await event('failed')).error.code, 'internal_error');
  if (process.getuid?.() !== 0) {
    runner.send('s1', startOf('aaa'));
    assert.is((await event('failed', 1)).error.code, 'disk_denied');
  }
  await chmod(dir, 0o700);
});

testWith('an engine that receives no byte is aborted', { stallMs: 60_000 }, async (fixture) => {
  const { runner, http, clock, event } = fixture;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  clock.increment(59_000);
  call.sample(1);
  clock.increment(59_000);
  call.sample(1);
  assert.not.ok(call.job.signal.aborted);
  clock.increment(1_000);
  assert.ok(call.job.signal.aborted, 'a sample without a new byte is no sign of life');
  const { error } = await event('failed');
  assert.equal([error.code, error.transient], ['engine_stalled', true]);
});

testWith('what a server takes to begin is no stall, and is said', { leaseMs: Infinity }, async (fixture) => {
  const { runner, http, clock, event } = fixture;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  call.job.onWaiting?.(true);
  clock.increment(299_999);
  call.job.onWaiting?.(false);
  const isAwaiting = (): unknown[] =>
    fixture.events('s1').flatMap((each) => (each.type === 'phase' ? [each.isAwaiting] : []));
  await waitFor(() => isAwaiting().at(-1) === false, { what: 'the end of the wait' });
  assert.equal(isAwaiting().slice(-2), [true, false]);
  clock.increment(59_999);
  assert.not.ok(fixture.events('s1').some(({ type }) => type === 'failed'));
  clock.increment(1);
  assert.is((await event('failed')).error.code, 'engine_stalled');
});

testWith('joining and converting may take as long as they need', { leaseMs: Infinity }, async (fixture) => {
  const { runner, http, clock, event } = fixture;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  call.job.onPhase('finish');
  clock.increment(10_000_000);
  await call.finish();
  await event('done');
});

testWith(
  'an engine that ignores its abort loses its slot, not its work dir',
  { maxActive: 1 },
  async (fixture) => {
    const { runner, http, clock, event, events, logged } = fixture;
    http.endsOnAbort = false;
    runner.send('s1', startOf('aaa'));
    const stuck = await http.call(0);
    runner.send('s1', startOf('bbb'));
    runner.send('s1', startOf('aaa', 2));
    clock.increment(10_000);
    assert.ok(logged.includes('an engine ignores that it was aborted'));
    const sibling = await http.call(1);
    assert.match(sibling.job.workDir, /bbb$/);
    await sibling.finish();
    await event('done');
    assert.is(http.calls.length, 2, 'nobody else works in its dir');
    stuck.endAborted();
    assert.match((await http.call(2)).job.workDir, /aaa$/);
    assert.not.ok(summarize(events()).includes('failed aaa.1'));
  },
);

testWith(
  'an engine that stalls and ignores the abort still ends in an error',
  { stallMs: 60_000 },
  async (fixture) => {
    const { runner, http, clock, event, events } = fixture;
    http.endsOnAbort = false;
    runner.send('s1', startOf('aaa'));
    const stuck = await http.call(0);
    clock.increment(60_000);
    clock.increment(10_000);
    assert.is((await event('failed')).error.code, 'engine_stalled');
    stuck.endAborted();
    await waitFor(() => runner.jobs()[0]?.state === 'ended');
    assert.is(events().filter(({ type }) => type === 'failed').length, 1);
  },
);

testWith(
  'a session that is silent for its lease has its jobs ended',
  { stallMs: Infinity },
  async (fixture) => {
    const { runner, http, clock, event, events, workDirs } = fixture;
    for (const session of ['s1', 's2']) runner.send(session, startOf(`${session}-job`));
    await http.call(1);
    clock.increment(299_000);
    runner.send('s2', { type: 'want', jobs: [{ download: 's2-job', attempt: 1 }] });
    clock.increment(1_000);
    assert.is((await event('stopped')).download, 's1-job');
    assert.not.ok(summarize(events('s2')).includes('stopped s2-job.1'));
    clock.increment(299_000);
    await event('stopped', 0, 's2');
    assert.equal(runner.jobs(), []);
    assert.equal((await workDirs()).sort(), ['s1-job', 's2-job']);
  },
);

testWith(
  'a session in the same process needs no lease',
  { leaseMs: Infinity, stallMs: Infinity },
  async (fixture) => {
    fixture.runner.send('s1', startOf('aaa'));
    const call = await fixture.http.call(0);
    fixture.clock.increment(1e12);
    assert.not.ok(call.job.signal.aborted);
  },
);

test.run();
