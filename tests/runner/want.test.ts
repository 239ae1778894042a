/** How `want` reconciles, and what the runner forgets. */
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { SluiceError } from '#lib/protocol/error.ts';
import type { JobRef, RunnerCommand } from '#lib/protocol/runner.ts';
import { waitFor } from '../support/wait.ts';
import { summarize, createFixture, nextTurns, startOf, type Fixture } from './fixture.ts';

const test = suite<{ fixture: Fixture }>('want');
const LEASE_MS = 1_000;

test.before.each(async (context) => {
  context.fixture = await createFixture({ maxActive: 1, leaseMs: LEASE_MS, stallMs: Infinity });
});
test.after.each(({ fixture }) => fixture.close());

const ref = (download: string, attempt = 1): JobRef => ({ download, attempt });
const want = (...jobs: JobRef[]): RunnerCommand => ({ type: 'want', jobs });
const stop = (download: string, attempt = 1): RunnerCommand => ({ type: 'stop', download, attempt });

/** Starts one job that runs, and one that waits for its slot. */
async function occupy({ runner, http }: Fixture): Promise<void> {
  runner.send('s1', startOf('runs'));
  await http.call(0);
  runner.send('s1', startOf('waits'));
}

test('a job that waits for a slot counts as active, and gets its slot', async ({ fixture }) => {
  const { runner, http, event } = fixture;
  await occupy(fixture);
  runner.send('s1', want(ref('runs'), ref('waits')));
  assert.equal((await event('jobs')).jobs, [ref('runs'), ref('waits')]);
  await (await http.call(0)).finish();
  assert.match((await http.call(1)).job.workDir, /waits$/);
});

test('a waiting job that is not wanted leaves the queue and is reported as stopped', async ({ fixture }) => {
  const { runner, http, event, events } = fixture;
  await occupy(fixture);
  runner.send('s1', want(ref('runs')));
  assert.equal((await event('jobs')).jobs, [ref('runs')]);
  assert.equal(await event('stopped'), { type: 'stopped', ...ref('waits') });
  runner.send('s1', startOf('next'));
  await (await http.call(0)).finish();
  assert.match((await http.call(1)).job.workDir, /next$/);
  assert.not.ok(summarize(events()).includes('phase download waits.1'));
});

test('a job that waits in another attempt than the wanted one does not start', async ({ fixture }) => {
  const { runner, http, event, events } = fixture;
  await occupy(fixture);
  runner.send('s1', startOf('waits', 2));
  runner.send('s1', want(ref('runs'), ref('waits', 1)));
  assert.equal((await event('jobs')).jobs, [ref('runs')]);
  assert.equal(await event('stopped'), { type: 'stopped', ...ref('waits', 2) });
  runner.send('s1', startOf('waits', 3));
  runner.send('s1', want(ref('runs'), ref('waits', 3)));
  assert.equal((await event('jobs', 1)).jobs, [ref('runs'), ref('waits', 3)]);
  await (await http.call(0)).finish();
  await (await http.call(1)).finish();
  await event('done', 1);
  // The slot is free before the first job's file is synced: either may be reported first.
  const done = summarize(events()).filter((line) => line.startsWith('done'));
  assert.equal(done.sort(), ['done runs.1', 'done waits.3']);
});

test('a stopping job is not active, unless it is to start again', async ({ fixture }) => {
  const { runner, http, event } = fixture;
  http.endsOnAbort = false;
  runner.send('s1', startOf('runs'));
  const leaving = await http.call(0);
  runner.send('s1', stop('runs'));
  runner.send('s1', want(ref('runs')));
  assert.equal((await event('jobs')).jobs, []);
  runner.send('s1', startOf('runs'));
  runner.send('s1', want(ref('runs')));
  assert.equal((await event('jobs', 1)).jobs, [ref('runs')]);
  leaving.endAborted();
  await (await http.call(1)).finish();
  await event('done');
});

test('a stopping job that was to start again does not, once it is not wanted', async ({ fixture }) => {
  const { runner, http, event } = fixture;
  http.endsOnAbort = false;
  runner.send('s1', startOf('runs'));
  const leaving = await http.call(0);
  runner.send('s1', startOf('runs', 2));
  runner.send('s1', want());
  assert.equal((await event('jobs')).jobs, []);
  leaving.endAborted();
  assert.equal((await event('stopped')).attempt, 2);
  await nextTurns();
  assert.equal(runner.jobs(), []);
  assert.is(http.calls.length, 1);
});

test('an ended job is not active, and its outcome is kept', async ({ fixture }) => {
  const { runner, http, event } = fixture;
  runner.send('s1', startOf('aaa'));
  (await http.call(0)).fail(new SluiceError('timeout'));
  await event('failed');
  runner.send('s1', want(ref('aaa')));
  assert.equal((await event('jobs')).jobs, []);
  runner.send('s1', startOf('aaa'));
  await event('failed', 1);
  assert.is(http.calls.length, 1);
});

test('a session is forgotten with its last job: nothing is left for its lease to end', async ({
  fixture,
}) => {
  const { runner, http, clock, event, logged } = fixture;
  runner.send('s1', startOf('done'));
  await (await http.call(0)).finish();
  await event('done');
  runner.send('s1', { type: 'settle', download: 'done' });
  runner.send('s1', startOf('stopped'));
  await http.call(1);
  runner.send('s1', stop('stopped'));
  await event('stopped');
  runner.send('s1', startOf('discarded'));
  await http.call(2);
  runner.send('s1', startOf('waits'));
  runner.send('s1', stop('waits'));
  runner.send('s1', { type: 'discard', download: 'discarded', file: null });
  await event('discarded');
  runner.send('s1', { type: 'parse', job: 'p', url: 'https://media.test/', engine: 'http' });
  await event('parse-done');
  await waitFor(() => runner.jobs().length === 0);
  await nextTurns();
  clock.increment(LEASE_MS);
  assert.equal(logged, []);
});

test('a forgotten download may be started by any session, in any attempt', async ({ fixture }) => {
  const { runner, http, event, logged } = fixture;
  runner.send('s1', startOf('aaa', 5));
  await (await http.call(0)).finish();
  await event('done');
  runner.send('s1', { type: 'settle', download: 'aaa' });
  await waitFor(() => runner.jobs().length === 0);
  runner.send('s2', startOf('aaa', 1));
  await (await http.call(1)).finish();
  assert.is((await event('done', 0, 's2')).attempt, 1);
  assert.equal(logged, []);
});

test('an outcome that was not fetched is dropped with the lease of its session', async ({ fixture }) => {
  const { runner, http, clock, event } = fixture;
  runner.send('s1', startOf('aaa'));
  (await http.call(0)).fail(new SluiceError('timeout'));
  await event('failed');
  clock.increment(LEASE_MS - 1);
  assert.is(runner.jobs().length, 1);
  clock.increment(1);
  assert.equal(runner.jobs(), []);
  // The outcome is dropped: starting it again runs it again.
  runner.send('s1', startOf('aaa'));
  await http.call(1);
});

test('a job that runs in a newer attempt is kept, however many others end meanwhile', async () => {
  const others = await createFixture({ maxActive: 2 });
  try {
    others.runner.send('s1', startOf('first', 1));
    (await others.http.call(0)).fail(new SluiceError('timeout'));
    await others.event('failed');
    others.runner.send('s1', startOf('first', 2));
    const running = await others.http.call(1);
    others.http.download = () => Promise.reject(new SluiceError('remote_not_found'));
    for (let n = 0; n < 1_010; n++) others.runner.send('s1', startOf(`job-${n}`));
    await waitFor(() => others.events().filter(({ type }) => type === 'failed').length === 1_011);
    assert.is(others.runner.jobs().find(({ download }) => download === 'first')?.state, 'running');
    await running.finish();
    assert.is((await others.event('done')).attempt, 2);
  } finally {
    await others.close();
  }
});

test('pending samples are sent when the runner closes', async ({ fixture }) => {
  const { runner, http, events } = fixture;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  call.sample(5);
  await runner.close();
  assert.equal(summarize(events()), ['phase download aaa.1', 'sample 5 aaa.1']);
});

test.run();
