import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { hasMark } from '#lib/files/file-mark.ts';
import { statFile } from '#lib/files/finish/disk.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { summarize, createFixture, nextTurns, startOf, type Fixture } from './fixture.ts';

const test = suite<{ fixture: Fixture }>('jobs');

test.before.each(async (context) => {
  context.fixture = await createFixture();
});
test.after.each(({ fixture }) => fixture.close());

test('a download goes through its phases, moves its file to the download dir and reports that last', async ({
  fixture,
}) => {
  const { runner, http, event, events, dir } = fixture;
  runner.send('s1', startOf('aaa', 1, { filename: 'my/clip' }));
  const call = await http.call(0);
  assert.is(call.job.workDir, join(dir, '.sluice', 'aaa'));
  call.job.onInfo({ title: 'A \u202Etitle\n', totalBytes: 4 });
  call.sample(2);
  call.job.onOutput('[info] fetching\n');
  await call.finish('clip.mp4', 'body');
  const done = await event('done');
  const { mark, ...file } = done.file;
  assert.equal(file, { name: 'my_clip.mp4', bytes: 4 });
  assert.ok(hasMark((await statFile(join(dir, 'my_clip.mp4')))!, mark ?? ''));
  assert.is(done.output, '[info] fetching\n');
  assert.is(await readFile(join(dir, 'my_clip.mp4'), 'utf8'), 'body');
  assert.equal(summarize(events()), [
    'phase download aaa.1',
    'phase download aaa.1',
    'sample 2 aaa.1',
    'phase finish aaa.1',
    'landed aaa.1',
    'done aaa.1',
  ]);
  const phases = events().filter((sent) => sent.type === 'phase');
  assert.equal(
    phases.map(({ title, totalBytes, engine }) => ({ title, totalBytes, engine })),
    [
      { title: null, totalBytes: null, engine: 'http' },
      { title: 'A title', totalBytes: 4, engine: 'http' },
      { title: 'A title', totalBytes: 4, engine: 'http' },
    ],
  );
});

test('starting a running job reports its phase and sample again, and runs nothing twice', async ({
  fixture,
}) => {
  const { runner, http, event, events } = fixture;
  runner.send('s1', startOf('aaa'));
  const call = await http.call(0);
  call.sample(7);
  runner.send('s1', startOf('aaa'));
  await event('sample');
  assert.equal(summarize(events()), ['phase download aaa.1', 'phase download aaa.1', 'sample 7 aaa.1']);
  assert.is(http.calls.length, 1);
});

test('starting an ended job reports its outcome again', async ({ fixture }) => {
  const { runner, http, event } = fixture;
  runner.send('s1', startOf('aaa'));
  (await http.call(0)).fail(new SluiceError('remote_busy', 'Later.', { retryAfterMs: 5_000 }));
  const first = await event('failed');
  assert.equal(first.error, { code: 'remote_busy', message: 'Later.', transient: true, retryAfterMs: 5_000 });
  runner.send('s1', startOf('aaa'));
  assert.equal(await event('failed', 1), first);
  assert.is(http.calls.length, 1);
});

test('an older attempt than the one known is ignored', async ({ fixture }) => {
  const { runner, http, events } = fixture;
  runner.send('s1', startOf('aaa', 3));
  await http.call(0);
  runner.send('s1', startOf('aaa', 2));
  await nextTurns();
  assert.equal(summarize(events()), ['phase download aaa.3']);
});

test('a newer attempt finds the bytes of the older one', async ({ fixture }) => {
  const { runner, http } = fixture;
  runner.send('s1', startOf('aaa', 1));
  const first = await http.call(0);
  await writeFile(join(first.job.workDir, 'part'), 'half');
  first.fail(new SluiceError('connection_lost'));
  runner.send('s1', startOf('aaa', 2));
  const second = await http.call(1);
  assert.is(await readFile(join(second.job.workDir, 'part'), 'utf8'), 'half');
});

test('stop is answered also when nothing runs, and for a job that waits for a slot', async ({ fixture }) => {
  const { runner, http, event, events } = fixture;
  runner.send('s1', { type: 'stop', download: 'none', attempt: 4 });
  assert.equal(await event('stopped'), { type: 'stopped', download: 'none', attempt: 4 });
  for (let n = 0; n < 9; n++) runner.send('s1', startOf(`job-${n}`));
  await http.call(7);
  runner.send('s1', { type: 'stop', download: 'job-8', attempt: 1 });
  assert.is((await event('stopped', 1)).download, 'job-8');
  assert.is(http.calls.length, 8);
  assert.not.ok(summarize(events()).includes('phase download job-8.1'));
});

test('a job that is stopping starts again once it has ended', async ({ fixture }) => {
  const { runner, http, event, events } = fixture;
  http.endsOnAbort = false;
  runner.send('s1', startOf('aaa'));
  const first = await http.call(0);
  runner.send('s1', { type: 'stop', download: 'aaa', attempt: 1 });
  runner.send('s1', startOf('aaa'));
  await nextTurns();
  assert.is(http.calls.length, 1);
  first.endAborted();
  await (await http.call(1)).finish();
  await event('done');
  assert.equal(summarize(events()), [
    'phase download aaa.1',
    'stopped aaa.1',
    'phase download aaa.1',
    'phase finish aaa.1',
    'landed aaa.1',
    'done aaa.1',
  ]);
});

test('a stop of an older attempt ends nothing', async ({ fixture }) => {
  const { runner, http, event } = fixture;
  runner.send('s1', startOf('aaa', 2));
  const call = await http.call(0);
  runner.send('s1', { type: 'stop', download: 'aaa', attempt: 1 });
  assert.is((await event('stopped')).attempt, 1);
  assert.not.ok(call.job.signal.aborted);
});

test.run();
