/** When what is saved of a file is written and synced, and what is left of it after a power cut or a sync that fails. */
import { type FileHandle, open, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpClient } from '#lib/annie/http/client/client.server.ts';
import { downloadFile, type FileOptions } from '#lib/annie/http/file/download.server.ts';
import { SavedProgress } from '#lib/annie/http/file/saved-progress.server.ts';
import { BODY_FILE, loadState, type SavedState, StateFile } from '#lib/annie/http/file/saved-state.server.ts';
import { newSegment, type Segment } from '#lib/annie/http/file/segments.ts';
import { setBootId } from '#lib/files/boot-id.server.ts';
import { SYNC_EVERY_BYTES } from '#lib/files/sync-schedule.ts';
import { contentPieces, sha256Of } from '../../site/content.ts';
import { startSite } from '../../site/site.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { freshDir, hashOf, jobFor, openGuard, removeDirs } from './kit.ts';

const MiB = 1024 * 1024;
const TOTAL = 200 * MiB;
const url = 'http://site.example/a.mp4';
const validators = { etag: '"1"', lastModified: null, ifRange: '"1"' };
const version = { version: 1 as const, url, name: 'a.mp4', totalBytes: TOTAL, validators };
const site = await startSite();
const guard = openGuard();
const client = new HttpClient({ guard, stallMs: 10_000, headTimeoutMs: 10_000 });
const options: FileOptions = { client, guard, maxConnections: 1, stallMs: 10_000, syncAtEnd: false };

test.after.each(() => setBootId(null));
test.after(async () => {
  await client.close();
  await site.close();
  await removeDirs();
});

interface Kit {
  dir: string;
  segments: Segment[];
  progress: SavedProgress;
  failures: string[];
  /** What `loadState` finds in this boot, and in another. */
  found: () => Promise<[number[] | null, number[] | null]>;
  file: FileHandle;
}

async function kit(datasync?: () => Promise<void>): Promise<Kit> {
  const dir = await freshDir();
  const file = await open(join(dir, BODY_FILE), 'w');
  const handle = datasync === undefined ? file : ({ datasync } as unknown as FileHandle);
  const segments = [newSegment(0, TOTAL)];
  const failures: string[] = [];
  const progress = new SavedProgress({
    ...{ workDir: dir, handle, segments, version, keepsBytes: true },
    ...{ grows: true, isSaved: false, onSyncFailed: ({ code }) => failures.push(code) },
  });
  const written = async (): Promise<number[] | null> =>
    (await loadState(dir, url))?.segments.map(([, , bytes]) => bytes) ?? null;
  return {
    ...{ dir, segments, progress, failures, file },
    async found() {
      const now = await written();
      setBootId('another');
      const later = await written();
      setBootId(null);
      return [now, later];
    },
  };
}

test('the state is saved before the first byte, and of several segments before the first of each', async () => {
  const { dir, segments, progress, found, file } = await kit();
  const [first] = segments as [Segment];
  await progress.beforeFirstWrite(first);
  assert.equal(await found(), [[0], [0]]);
  await truncate(join(dir, BODY_FILE), 5 * MiB);
  assert.equal(await found(), [[5 * MiB], [0]], 'without another line');
  first.written = first.received = 5 * MiB;
  const second = newSegment(100 * MiB, TOTAL);
  first.end = second.start;
  segments.push(second);
  await progress.beforeFirstWrite(second);
  assert.equal(await found(), [[5 * MiB, 100 * MiB], [0]]);
  await progress.end({ isComplete: false });
  await file.close();
});

test('of a file that is complete with its first write nothing is saved', async () => {
  const { dir, segments, progress, file } = await kit();
  const [first] = segments as [Segment];
  first.received = TOTAL;
  await progress.beforeFirstWrite(first);
  first.written = TOTAL;
  await progress.end({ isComplete: true });
  await file.close();
  assert.is(await loadState(dir, url), null);
});

test('after 10 s with a MiB, or 64 MB, the bytes are synced, and after another boot they count', async () => {
  const { dir, segments, progress, found, file } = await kit();
  const [first] = segments as [Segment];
  await progress.beforeFirstWrite(first);
  await file.truncate(150 * MiB);
  const startMs = performance.now();
  const lines = (): Promise<number> =>
    readFile(join(dir, 'http-synced.json'), 'utf8').then(
      (text) => text.split('\n').length - 1,
      () => 0,
    );
  first.written = MiB - 1;
  progress.tick(startMs + 60_000);
  first.written = MiB;
  progress.tick(startMs + 9_000);
  assert.is(await lines(), 0);
  progress.tick(startMs + 11_000);
  await waitFor(async () => (await lines()) === 1, { what: 'a sync after 10 s' });
  assert.equal((await found())[1], [MiB]);
  first.written = MiB + SYNC_EVERY_BYTES;
  await waitFor(
    async () => {
      progress.tick(startMs + 11_100);
      return (await lines()) === 2;
    },
    { what: 'a sync of 64 MB' },
  );
  assert.equal((await found())[1], [MiB + SYNC_EVERY_BYTES]);
  await progress.end({ isComplete: false });
  await file.close();
});

test('a sync that fails is a disk error, and nothing that was written since the last one is trusted', async () => {
  let isBroken = false;
  const eio = Object.assign(new Error('i/o'), { code: 'EIO' });
  const { segments, progress, failures, found, file } = await kit(() =>
    isBroken ? Promise.reject(eio) : Promise.resolve(),
  );
  const [first] = segments as [Segment];
  await progress.beforeFirstWrite(first);
  await file.truncate(150 * MiB);
  const startMs = performance.now();
  first.written = 2 * MiB;
  progress.tick(startMs + 11_000);
  await waitFor(async () => (await found())[1]?.[0] === 2 * MiB, { what: 'a sync' });
  isBroken = true;
  first.written = 150 * MiB;
  await waitFor(
    () => {
      progress.tick(startMs + 22_000);
      return failures.length > 0;
    },
    { what: 'a failure' },
  );
  const ended = progress.end({ isComplete: true });
  assert.is(await ended.catch((thrown: unknown) => (thrown as { code: string }).code), 'disk_error');
  await file.close();
  assert.equal(failures, ['disk_error']);
  assert.equal(await found(), [[2 * MiB], [2 * MiB]]);
});

test('what is synced after the file was distrusted counts after another boot', async () => {
  const { segments, progress, found, file } = await kit();
  const [first] = segments as [Segment];
  await progress.beforeFirstWrite(first);
  await file.truncate(150 * MiB);
  const startMs = performance.now();
  const synced = (bytes: number) =>
    waitFor(async () => (await found())[1]?.[0] === bytes, { what: 'a sync' });
  first.written = 2 * MiB;
  progress.tick(startMs + 11_000);
  await synced(2 * MiB);
  await progress.distrustFile();
  assert.equal((await found())[1], [0]);
  first.written = 4 * MiB;
  progress.tick(startMs + 22_000);
  await synced(4 * MiB);
  await progress.end({ isComplete: false });
  await file.close();
});

const SIZE = 9_000_000;

for (const [what, segments] of [
  ['one segment', [[0, SIZE, 1_000_000]]],
  [
    'several segments',
    [
      [0, 4_000_000, 1_000_000],
      [4_000_000, 7_000_000, 7_000_000],
      [7_000_000, SIZE, 8_000_000],
    ],
  ],
] as [string, SavedState['segments']][]) {
  test(`after a power cut ${what} goes on from what was synced, over whatever follows it`, async () => {
    const workDir = await freshDir();
    const address = `${site.url}/file/cut-${segments.length}.bin?size=${SIZE}&seed=5`;
    const body = Buffer.alloc(SIZE - 10_000, 'never synced');
    const right = Buffer.concat([...contentPieces(5, 0, SIZE)]);
    for (const [start, , written] of segments) right.copy(body, start, start, written);
    await writeFile(join(workDir, BODY_FILE), body);
    const etag = `"5-${SIZE}"`;
    const state: SavedState = {
      ...{ version: 1, url: address, name: 'cut.bin', totalBytes: SIZE, segments },
      validators: { etag, lastModified: null, ifRange: etag },
    };
    setBootId('before the cut');
    for (const isSynced of [true, false]) {
      const file = new StateFile(workDir, { isSynced });
      await file.save(isSynced ? state : { ...state, grows: true });
      await file.close();
    }
    setBootId('after the cut');
    const asked = site.asked.length;
    const { path } = await settles(downloadFile(jobFor(address, workDir), options));
    assert.is(await hashOf(path), sha256Of(5, SIZE));
    const starts = site.asked.slice(asked).map(({ range }) => Number(/=(\d+)-/.exec(range ?? '')?.[1]));
    assert.is(Math.min(...starts), 1_000_000);
  });
}

test('a body that a power cut took, while it left the state, is created anew', async () => {
  const workDir = await freshDir();
  const address = `${site.url}/file/gone.bin?size=${SIZE}&seed=7`;
  const etag = `"7-${SIZE}"`;
  const file = new StateFile(workDir);
  await file.save({
    ...{ version: 1, url: address, name: 'gone.bin', totalBytes: SIZE, grows: true },
    segments: [[0, SIZE, 0]],
    validators: { etag, lastModified: null, ifRange: etag },
  });
  await file.close();
  setBootId('after the cut');
  const { path } = await settles(downloadFile(jobFor(address, workDir), options));
  assert.is(await hashOf(path), sha256Of(7, SIZE));
});

test('bytes that begin anew are never described by what was synced before', async () => {
  const workDir = await freshDir();
  const address = `${site.url}/file/anew.bin?size=${SIZE}&seed=6&rate=${SIZE}`;
  await writeFile(join(workDir, BODY_FILE), Buffer.alloc(2_000_000, 1));
  const other = { etag: '"old"', lastModified: null, ifRange: '"old"' };
  const state: SavedState = {
    ...{ version: 1, url: address, name: 'anew.bin', totalBytes: SIZE + 1, validators: other },
    segments: [[0, SIZE + 1, 2_000_000]],
  };
  const synced = new StateFile(workDir, { isSynced: true });
  await synced.save(state);
  await synced.close();
  const abort = new AbortController();
  const job = jobFor(address, workDir, { signal: abort.signal });
  const running = downloadFile(job, options).catch(() => undefined);
  await waitFor(() => (job.samples.at(-1)?.receivedBytes ?? 0) > 200_000, { what: 'some bytes' });
  assert.not((await stat(join(workDir, 'http-synced.json')).catch(() => null))?.isFile());
  abort.abort();
  await settles(running);
  setBootId('after a cut');
  const kept = await loadState(workDir, address);
  assert.equal(kept?.segments, [[0, SIZE, 0]]);
});

test.run();
