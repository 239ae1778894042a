import { createHash } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { summarize, createFixture, nextTurns, startOf, type EngineCall, type Fixture } from './fixture.ts';

const test = suite<{ fixture: Fixture }>('check');

test.before.each(async (context) => {
  context.fixture = await createFixture();
});
test.after.each(({ fixture }) => fixture.close());

const GIB = 2 ** 30;
const sha256 = createHash('sha256').update('body').digest('hex');
const other = 'ab'.repeat(32);

/** Finishes with 64 GiB of zeros, which take a minute to hash. */
async function finishHuge(call: EngineCall): Promise<void> {
  const handle = await open(join(call.job.workDir, 'data'), 'w');
  await handle.truncate(64 * GIB);
  await handle.close();
  call.finishWith({ path: join(call.job.workDir, 'data'), suggestedName: 'huge.bin', bytes: 64 * GIB });
}

test('a file with the expected hash is moved to the download dir, after the phase finish', async ({
  fixture,
}) => {
  const { runner, http, event, events, files } = fixture;
  runner.send('s1', startOf('aaa', 1, { sha256 }));
  await (await http.call(0)).finish();
  const { mark: _, ...file } = (await event('done')).file;
  assert.equal(file, { name: 'clip.mp4', bytes: 4 });
  assert.equal(summarize(events()), [
    'phase download aaa.1',
    'phase finish aaa.1',
    'landed aaa.1',
    'done aaa.1',
  ]);
  assert.equal(await files(), ['clip.mp4']);
});

test('a file with another hash fails for good, never gets to the download dir, and leaves no bytes', async ({
  fixture,
}) => {
  const { runner, http, event, files, workDirs } = fixture;
  runner.send('s1', startOf('aaa', 1, { sha256: other }));
  await (await http.call(0)).finish();
  const { error } = await event('failed');
  assert.is(error.code, 'checksum_mismatch');
  assert.not(error.transient);
  assert.match(error.message, sha256);
  assert.match(error.message, other);
  assert.equal(await files(), []);
  assert.equal(await workDirs(), []);
});

test('a retry after a mismatch fetches the file again', async ({ fixture }) => {
  const { runner, http, event, files } = fixture;
  runner.send('s1', startOf('aaa', 1, { sha256 }));
  await (await http.call(0)).finish('clip.mp4', 'evil');
  await event('failed');
  runner.send('s1', startOf('aaa', 2, { sha256 }));
  const again = await http.call(1);
  assert.equal(await readdir(again.job.workDir), []);
  await again.finish();
  await event('done');
  assert.equal(await files(), ['clip.mp4']);
});

test('a stop during hashing is answered at once, and the next start hashes without the engine', async ({
  fixture,
}) => {
  const { runner, http, event, events, files, workDirs } = fixture;
  runner.send('s1', startOf('aaa', 1, { sha256 }));
  await finishHuge(await http.call(0));
  await event('phase', 1);
  await nextTurns();
  const startedAt = performance.now();
  runner.send('s1', { type: 'stop', download: 'aaa', attempt: 1 });
  await event('stopped');
  assert.ok(performance.now() - startedAt < 10_000);
  assert.equal(await files(), []);
  assert.equal(await workDirs(), ['aaa']);

  runner.send('s1', startOf('aaa', 1, { sha256 }));
  const phase = await event('phase', 2);
  assert.equal([phase.phase, phase.totalBytes], ['finish', 64 * GIB]);
  assert.is(http.calls.length, 1);
  runner.send('s1', { type: 'discard', download: 'aaa', file: null });
  await event('discarded');
  assert.equal(await workDirs(), []);
  assert.not.ok(events().some(({ type }) => type === 'failed' || type === 'done'));
});

test('a runner that is closed during hashing keeps the bytes for the next one', async ({ fixture }) => {
  const { runner, http, event, workDirs } = fixture;
  runner.send('s1', startOf('aaa', 1, { sha256 }));
  await finishHuge(await http.call(0));
  await event('phase', 1);
  await runner.close();
  assert.equal(await workDirs(), ['aaa']);
});

test.run();
