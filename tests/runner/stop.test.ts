import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { RunnerCommand } from '#lib/protocol/runner.ts';
import { waitFor } from '../support/wait.ts';
import { summarize, createFixture, nextTurns, startOf, type Fixture } from './fixture.ts';

const test = suite<{ fixture: Fixture }>('stop');

test.before.each(async (context) => {
  context.fixture = await createFixture();
});
test.after.each(({ fixture }) => fixture.close());

test('a newer attempt begins only once the engine of the older one has settled', async ({ fixture }) => {
  const { runner, http, event, events } = fixture;
  http.endsOnAbort = false;
  runner.send('s1', startOf('aaa', 1));
  const older = await http.call(0);
  runner.send('s1', startOf('aaa', 2));
  await nextTurns();
  assert.ok(older.job.signal.aborted);
  assert.is(http.calls.length, 1);
  older.endAborted();
  const newer = await http.call(1);
  await newer.finish();
  assert.is((await event('done')).attempt, 2);
  assert.not.ok(summarize(events()).some((text) => /^(done|failed|stopped) aaa.1/.test(text)));
});

test('stop is answered once the engine has settled, with the bytes kept', async ({ fixture }) => {
  const { runner, http, event, events, workDirs } = fixture;
  http.endsOnAbort = false;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  call.sample(5);
  runner.send('s1', { type: 'stop', download: 'aaa', attempt: 1 });
  await nextTurns();
  assert.not.ok(events().some(({ type }) => type === 'stopped'));
  call.sample(6);
  call.endAborted();
  await event('stopped');
  assert.equal(summarize(events()), ['phase download aaa.1', 'sample 5 aaa.1', 'stopped aaa.1']);
  assert.equal(await workDirs(), ['aaa']);
  assert.equal(runner.jobs(), []);
});

test('an engine that finishes although it was stopped has its file kept in the work dir', async ({
  fixture,
}) => {
  const { runner, http, event, files } = fixture;
  http.endsOnAbort = false;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  runner.send('s1', { type: 'stop', download: 'aaa', attempt: 1 });
  await call.finish();
  await event('stopped');
  assert.equal(await files(), []);
  assert.is(await readFile(join(call.job.workDir, 'data'), 'utf8'), 'body');
});

/** Sends `command` at the first `phase finish`, when the move has begun. */
async function interrupting(
  command: RunnerCommand,
  body: (fixture: Fixture) => Promise<void>,
): Promise<void> {
  let sent = false;
  const fixture: Fixture = await createFixture({
    onEvents: (session, events) => {
      fixture.deliveries.push([session, events]);
      if (sent || !events.some((event) => event.type === 'phase' && event.phase === 'finish')) return;
      sent = true;
      fixture.runner.send(session, command);
    },
  });
  try {
    fixture.runner.send('s1', startOf('aaa'));
    await (await fixture.http.call(0)).finish();
    await body(fixture);
  } finally {
    await fixture.close();
  }
}

test('a file that is finished although its job was stopped is reported before the stop is answered', async () => {
  await interrupting({ type: 'stop', download: 'aaa', attempt: 1 }, async (fixture) => {
    const { runner, http, event, events, files } = fixture;
    await event('stopped');
    assert.equal(summarize(events()).slice(2), ['done aaa.1', 'stopped aaa.1']);
    runner.send('s1', startOf('aaa'));
    await event('done', 1);
    assert.equal(await files(), ['clip.mp4']);
    assert.is(http.calls.length, 1);
  });
});

test('a file that is finished although its job was discarded is deleted again', async () => {
  await interrupting({ type: 'discard', download: 'aaa', file: null }, async ({ event, events, files }) => {
    await event('discarded');
    assert.equal(summarize(events()).slice(2), ['discarded aaa']);
    assert.equal(await files(), []);
  });
});

test('a newer attempt at a download that has just finished reports the file and fetches nothing', async () => {
  await interrupting(startOf('aaa', 2), async ({ event, events, files, http }) => {
    assert.is((await event('done')).attempt, 2);
    assert.not.ok(summarize(events()).includes('done aaa.1'));
    assert.equal(await files(), ['clip.mp4']);
    assert.is(http.calls.length, 1);
  });
});

test('a job that is stopped or discarded while it waits to start again does not start', async ({
  fixture,
}) => {
  const { runner, http, event } = fixture;
  http.endsOnAbort = false;
  for (const download of ['aaa', 'bbb']) runner.send('s1', startOf(download));
  const [first, second] = [await http.call(0), await http.call(1)];
  for (const download of ['aaa', 'bbb']) {
    runner.send('s1', { type: 'stop', download, attempt: 1 });
    runner.send('s1', startOf(download));
  }
  runner.send('s1', { type: 'stop', download: 'aaa', attempt: 1 });
  runner.send('s1', { type: 'discard', download: 'bbb', file: null });
  first.endAborted();
  second.endAborted();
  await event('stopped', 2);
  await event('discarded');
  assert.equal(runner.jobs(), []);
  assert.is(http.calls.length, 2);
});

test('a job that is discarded while it waits for a slot does not take one', async ({ fixture }) => {
  const { runner, http, event } = fixture;
  for (let n = 0; n < 8; n++) runner.send('s1', startOf(`job-${n}`));
  await http.call(7);
  for (let n = 0; n < 8; n++) {
    runner.send('s1', startOf(`waiting-${n}`));
    runner.send('s1', { type: 'discard', download: `waiting-${n}`, file: null });
  }
  await event('discarded', 7);
  runner.send('s1', startOf('last'));
  for (const call of [...http.calls]) await call.finish();
  assert.match((await http.call(8)).job.workDir, /last$/);
});

test('settle forgets the outcome and removes the work dir', async ({ fixture }) => {
  const { runner, http, event, workDirs, files } = fixture;
  runner.send('s1', startOf('aaa'));
  await (await http.call(0)).finish();
  await event('done');
  assert.equal(await workDirs(), ['aaa']);
  runner.send('s1', { type: 'settle', download: 'aaa' });
  await waitFor(async () => (await workDirs()).length === 0 && runner.jobs().length === 0);
  assert.equal(await files(), ['clip.mp4']);
});

test('settle of a running job is ignored', async ({ fixture }) => {
  const { runner, http, event } = fixture;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  runner.send('s1', { type: 'settle', download: 'aaa' });
  await nextTurns();
  assert.not.ok(call.job.signal.aborted);
  await call.finish();
  await event('done');
});

test('discard ends the running job, removes its work dir and is answered', async ({ fixture }) => {
  const { runner, http, event, events, workDirs } = fixture;
  http.endsOnAbort = false;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  await writeFile(join(call.job.workDir, 'part'), 'half');
  runner.send('s1', { type: 'discard', download: 'aaa', file: null });
  await nextTurns();
  assert.equal(await workDirs(), ['aaa'], 'nothing is removed under a working engine');
  call.endAborted();
  await event('discarded');
  assert.equal(await workDirs(), []);
  assert.equal(summarize(events()), ['phase download aaa.1', 'discarded aaa']);
});

test('discard deletes the named file only if it is a regular file in the folder', async ({ fixture }) => {
  const { runner, event, dir, files } = fixture;
  await writeFile(join(dir, 'mine.mp4'), 'x');
  await mkdir(join(dir, 'folder'));
  runner.send('s1', { type: 'discard', download: 'aaa', file: 'folder' });
  runner.send('s1', { type: 'discard', download: 'bbb', file: '../outside' });
  runner.send('s1', { type: 'discard', download: 'ccc', file: 'mine.mp4' });
  await event('discarded', 2);
  assert.equal(await files(), ['folder']);
});

test('every discard is answered, and a start after it begins from scratch', async ({ fixture }) => {
  const { runner, http, event } = fixture;
  http.endsOnAbort = false;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  await writeFile(join(call.job.workDir, 'part'), 'half');
  runner.send('s1', { type: 'discard', download: 'aaa', file: null });
  runner.send('s1', { type: 'discard', download: 'aaa', file: null });
  runner.send('s1', startOf('aaa', 2));
  call.endAborted();
  await event('discarded', 1);
  const again = await http.call(1);
  assert.is(await readFile(join(again.job.workDir, 'part'), 'utf8').catch(() => 'gone'), 'gone');
});

test('want ends the jobs that are not wanted and is answered with those that remain', async ({ fixture }) => {
  const { runner, http, event, workDirs } = fixture;
  for (const download of ['aaa', 'bbb', 'ccc']) runner.send('s1', startOf(download));
  runner.send('s2', startOf('ddd'));
  await http.call(3);
  runner.send('s1', {
    type: 'want',
    jobs: [
      { download: 'aaa', attempt: 1 },
      { download: 'bbb', attempt: 2 },
      { download: 'zzz', attempt: 1 },
    ],
  });
  assert.equal((await event('jobs')).jobs, [{ download: 'aaa', attempt: 1 }]);
  await event('stopped', 1);
  assert.equal(
    runner.jobs().map(({ download }) => download),
    ['aaa', 'ddd'],
  );
  assert.equal((await workDirs()).sort(), ['aaa', 'bbb', 'ccc', 'ddd'], 'bytes are kept');
});

test('a session cannot touch the job of another one', async ({ fixture }) => {
  const { runner, http, event, files } = fixture;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  runner.send('s2', { type: 'stop', download: 'aaa', attempt: 1 });
  runner.send('s2', { type: 'discard', download: 'aaa', file: null });
  runner.send('s2', startOf('aaa', 9));
  runner.send('s2', { type: 'want', jobs: [] });
  await event('jobs', 0, 's2');
  assert.not.ok(call.job.signal.aborted);
  await call.finish();
  await event('done');
  assert.equal(await files(), ['clip.mp4']);
});

test('close aborts everything, waits for the engines, keeps the bytes and sends nothing more', async ({
  fixture,
}) => {
  const { runner, http, deliveries, workDirs } = fixture;
  http.endsOnAbort = false;
  for (let n = 0; n < 10; n++) runner.send('s1', startOf(`job-${n}`));
  const last = await http.call(7);
  let closed = false;
  const closing = runner.close().then(() => (closed = true));
  await nextTurns();
  const sent = deliveries.length;
  for (const call of http.calls) {
    assert.ok(call.job.signal.aborted);
    assert.not.ok(closed);
    call.endAborted();
  }
  await closing;
  runner.send('s1', startOf('late'));
  await nextTurns();
  assert.is(deliveries.length, sent);
  assert.is(http.calls.length, 8);
  assert.is((await workDirs()).length, 8);
  assert.ok(last.job.signal.aborted);
});

test('close removes .sluice when no work dir is left in it', async ({ fixture }) => {
  const { runner, http, event, dir } = fixture;
  runner.send('s1', startOf('aaa'));
  await (await http.call(0)).finish();
  await event('done');
  runner.send('s1', { type: 'settle', download: 'aaa' });
  await runner.close();
  assert.equal(await fixture.files(), ['clip.mp4']);
  assert.is(
    await readFile(join(dir, '.sluice')).catch((error: NodeJS.ErrnoException) => error.code),
    'ENOENT',
  );
});

test.run();
