import { createHash } from 'node:crypto';
import { appendFile, mkdir, mkdtemp, open, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance as nodePerformance } from 'node:perf_hooks';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { findFetched, recordFetched } from '#lib/files/check/fetched-record.server.ts';
import { checkSha256 } from '#lib/files/check/check.server.ts';
import { hashFile } from '#lib/files/check/sha-256.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';

const MIB = 1 << 20;
/** Published test vector: FIPS 180-4, the empty message. */
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

const test = suite<{ dir: string }>('sha-256');
test.before.each(async (context) => {
  context.dir = await mkdtemp(join(tmpdir(), 'sluice-check-'));
});
test.after.each(({ dir }) => rm(dir, { recursive: true, force: true }));

const never = new AbortController().signal;

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (thrown) {
    return thrown instanceof SluiceError ? thrown.code : String(thrown);
  }
}

/** A file with holes: as long as you like, at once. */
async function sparse(path: string, bytes: number): Promise<void> {
  await writeFile(path, '');
  await truncate(path, bytes);
}

test('an empty file has the hash of zero bytes', async ({ dir }) => {
  const path = join(dir, 'empty');
  await writeFile(path, '');
  assert.equal(await hashFile(path, never), { sha256: EMPTY, bytes: 0, changed: false });
});

test('files around the size of one read have the right hash', async ({ dir }) => {
  for (const bytes of [1, MIB - 1, MIB, MIB + 1, 3 * MIB + 7]) {
    const path = join(dir, String(bytes));
    const content = Buffer.alloc(bytes, 'not all the same');
    await writeFile(path, content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    assert.equal(await hashFile(path, never), { sha256, bytes, changed: false });
  }
});

test('the main thread is not blocked while a big file is hashed', async ({ dir }) => {
  const path = join(dir, 'big');
  await sparse(path, 512 * MIB);
  let turns = 0;
  const timer = setInterval(() => turns++, 5);
  const before = nodePerformance.eventLoopUtilization();
  const { bytes } = await hashFile(path, never);
  const { active, idle } = nodePerformance.eventLoopUtilization(before);
  clearInterval(timer);
  assert.is(bytes, 512 * MIB);
  assert.ok(turns > 5, `${turns} turns`);
  assert.ok(active < idle, `${active} ms busy, ${idle} ms idle`);
});

test('an abort ends the thread in the middle of a big file, with its reason', async ({ dir }) => {
  const path = join(dir, 'huge');
  await sparse(path, 64 * 1024 * MIB);
  const controller = new AbortController();
  const hashing = hashFile(path, controller.signal);
  setTimeout(() => controller.abort(new SluiceError('not_ready', 'Stopped.')), 100);
  const startedAt = performance.now();
  assert.is(await codeOf(hashing), 'not_ready');
  // Hashed to the end it would be a minute.
  assert.ok(performance.now() - startedAt < 10_000);
  assert.is(await codeOf(hashFile(path, controller.signal)), 'not_ready');
});

test('a file that is written to during hashing is disk_error', async ({ dir }) => {
  const path = join(dir, 'moving');
  await sparse(path, 256 * MIB);
  const handle = await open(path, 'r+');
  let at = 0;
  const timer = setInterval(() => void handle.write('x', at++).catch(() => undefined), 1);
  try {
    const result = { path, suggestedName: 'moving.bin', bytes: 256 * MIB };
    assert.is(await codeOf(checkSha256(result, EMPTY, never)), 'disk_error');
  } finally {
    clearInterval(timer);
    await handle.close();
  }
});

test('a file that is gone, shorter, a folder or a link is refused with its code', async ({ dir }) => {
  const path = join(dir, 'data');
  const check = (bytes: number, at = path): Promise<string> =>
    codeOf(checkSha256({ path: at, suggestedName: 'a.bin', bytes }, EMPTY, never));
  assert.is(await check(0), 'file_missing');
  await writeFile(path, '');
  assert.is(await check(0), 'none');
  assert.is(await check(5), 'size_mismatch');
  await mkdir(join(dir, 'folder'));
  assert.is(await check(0, join(dir, 'folder')), 'file_missing');
  await symlink('/etc/hostname', join(dir, 'link'));
  assert.is(await check(0, join(dir, 'link')), 'file_missing');
});

test('a mismatch names the expected and the actual hash', async ({ dir }) => {
  const path = join(dir, 'data');
  await writeFile(path, '');
  const expected = 'ab'.repeat(32);
  try {
    await checkSha256({ path, suggestedName: 'a.bin', bytes: 0 }, expected, never);
    assert.unreachable();
  } catch (thrown) {
    assert.instance(thrown, SluiceError);
    const { code, transient, message } = thrown as SluiceError;
    assert.is(code, 'checksum_mismatch');
    assert.not(transient);
    for (const part of [expected, EMPTY, 'Retry', 'without the check']) assert.match(message, part);
  }
});

test('a fetched file is found again, unless it has changed', async ({ dir }) => {
  const path = join(dir, 'data');
  const result = { path, suggestedName: 'a/b.bin', bytes: 4 };
  assert.is(await findFetched(dir), null);
  await writeFile(path, 'body');
  await recordFetched(dir, result);
  assert.equal(await findFetched(dir), result);
  const elsewhere = { ...result, path: join(dir, '..', 'data') };
  assert.is(await codeOf(recordFetched(dir, elsewhere)), 'internal_error');
  await appendFile(path, '!');
  assert.is(await findFetched(dir), null);
  await unlink(path);
  assert.is(await findFetched(dir), null);
  await writeFile(join(dir, 'check.json'), JSON.stringify({ version: 1, source: '../../x', bytes: 4 }));
  assert.is(await findFetched(dir), null);
});

test.run();
