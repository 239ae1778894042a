import { appendFile, readFile, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { loadState, type SavedState, startOver, StateFile } from '#lib/annie/http/file/saved-state.server.ts';
import { freshState, loadTrackState, startTrackOver } from '#lib/annie/http/hls/track-state.server.ts';
import { setBootId, setDiskEpoch } from '#lib/files/boot-id.server.ts';
import { freshDir, removeDirs } from './kit.ts';

const url = 'http://site.example/a.mp4';
const at = (written: number): SavedState => ({
  version: 1,
  url,
  name: 'a.mp4',
  totalBytes: 1000,
  validators: { etag: '"1"', lastModified: null, ifRange: '"1"' },
  segments: [[0, 1000, written]],
});

/** A work dir with the first bytes of a body. */
async function workDir(bytes: number): Promise<{ dir: string; path: string }> {
  const dir = await freshDir();
  await writeFile(join(dir, 'http-body'), Buffer.alloc(bytes));
  return { dir, path: join(dir, 'http-state.json') };
}

test('the last line of segments counts, in a file that is appended to', async () => {
  const { dir, path } = await workDir(300);
  const file = new StateFile(dir);
  await file.save(at(100));
  const { ino } = await stat(path);
  assert.equal(await loadState(dir, url), at(100));
  await file.save(at(200));
  await file.save(at(300));
  assert.equal(await loadState(dir, url), at(300));
  assert.is((await stat(path)).ino, ino);
  await file.close();
  assert.is(await loadState(dir, 'http://site.example/b.mp4'), null);
});

test('after another boot the version of a file is known, and none of its bytes', async () => {
  const { dir, path } = await workDir(300);
  const file = new StateFile(dir);
  await file.save(at(100));
  await file.save(at(300));
  await file.close();
  try {
    setBootId('another');
    assert.equal(await loadState(dir, url), at(0));
    // As earlier versions wrote it.
    await writeFile(path, JSON.stringify(at(200)));
    assert.equal(await loadState(dir, url), at(200));
  } finally {
    setBootId(null);
  }
});

test('of a body that grows the file itself shows how much was written', async () => {
  const { dir } = await workDir(300);
  const file = new StateFile(dir);
  await file.save({ ...at(0), grows: true });
  assert.equal(await loadState(dir, url), { ...at(300), grows: true });
  for (const bytes of [1, 0]) {
    await truncate(join(dir, 'http-body'), bytes);
    assert.equal((await loadState(dir, url))?.segments, [[0, 1000, bytes]]);
  }
  // Longer than the file can be: it is something else.
  await truncate(join(dir, 'http-body'), 1001);
  assert.equal((await loadState(dir, url))?.segments, [[0, 1000, 0]]);
  await file.close();
});

test('of several segments the bytes that are not zero show how much was written', async () => {
  const total = 1_000_000;
  const { dir } = await workDir(0);
  const segments: SavedState['segments'] = [
    [0, 400_000, 1_000],
    [400_000, 700_000, 400_000],
    [700_000, total, 700_000],
  ];
  const file = new StateFile(dir);
  await file.save({ ...at(0), totalBytes: total, segments, grows: true });
  await file.close();
  const body = Buffer.alloc(900_000);
  body.fill(7, 0, 300_000);
  body.fill(7, 400_000, 700_000);
  body.fill(7, 700_000, 800_000);
  await writeFile(join(dir, 'http-body'), body);
  assert.equal((await loadState(dir, url))?.segments, [
    [0, 400_000, 300_000],
    [400_000, 700_000, 700_000],
    // the end of the file is written too, though it is zero
    [700_000, total, 900_000],
  ]);
  // Zeros in the middle of what was written end the search, and are fetched again.
  body.fill(0, 50_000, 250_000);
  await writeFile(join(dir, 'http-body'), body);
  const [first] = (await loadState(dir, url))?.segments ?? [];
  assert.ok(first![2] <= 131_000 && first![2] >= 50_000, String(first));
});

test('after another boot, or on a disk that lost its pages, what was synced counts, and no more', async () => {
  const { dir, path } = await workDir(300);
  const file = new StateFile(dir);
  const synced = new StateFile(dir, { isSynced: true });
  await file.save({ ...at(0), grows: true });
  for (const bytes of [100, 200]) await synced.save(at(bytes));
  await file.close();
  await synced.close();
  assert.equal(await loadState(dir, url), { ...at(300), grows: true });
  try {
    setDiskEpoch(1);
    assert.equal(await loadState(dir, url), at(200));
    setDiskEpoch(0);
    setBootId('another');
    assert.equal(await loadState(dir, url), at(200));
    await truncate(join(dir, 'http-body'), 199);
    assert.equal(await loadState(dir, url), at(0), 'the body is shorter');
    await truncate(join(dir, 'http-body'), 300);
    // As a power cut can leave the state, and as the move of a finished file does.
    await truncate(path, 0);
    assert.equal(await loadState(dir, url), at(200));
    await startOver(dir, at(200));
    assert.equal(await loadState(dir, url), at(0));
    await startOver(dir, null);
    assert.is(await loadState(dir, url), null);
  } finally {
    setDiskEpoch(0);
    setBootId(null);
  }
});

test('after another boot no fragment of a track is resumed', async () => {
  const { dir } = await workDir(0);
  const path = join(dir, 'hls-video');
  const state = { ...freshState({ fingerprint: 'x', addressHash: 'y' }, '1'), fragments: 1 };
  await startTrackOver(path, state);
  assert.equal(await loadTrackState(path, state.fingerprint), state);
  try {
    setBootId('another');
    assert.is(await loadTrackState(path, state.fingerprint), null);
  } finally {
    setBootId(null);
  }
});

test('a state that is truncated anywhere is an older state or none', async () => {
  const { dir, path } = await workDir(300);
  const file = new StateFile(dir);
  for (const written of [100, 200, 300]) await file.save(at(written));
  await file.close();
  const whole = await readFile(path);
  const received: number[] = [];
  for (let length = whole.length; length >= 0; length--) {
    await truncate(path, length);
    received.push((await loadState(dir, url))?.segments[0]?.[2] ?? 0);
  }
  assert.equal([...new Set(received)], [300, 200, 100, 0]);
  assert.equal(
    received,
    received.toSorted((a, b) => b - a),
  );
});

test('invalid lines are skipped', async () => {
  const { dir, path } = await workDir(300);
  const file = new StateFile(dir);
  await file.save(at(100));
  await file.save(at(200));
  await file.close();
  await appendFile(path, '[[0,1000,2[[0,1000,300]]\n\0\0\0\0\n[[0,1000,-5]]\n{}\n');
  assert.equal(await loadState(dir, url), at(200));
});

test('segments that promise more bytes than the file has are not used', async () => {
  const { dir } = await workDir(150);
  const file = new StateFile(dir);
  await file.save(at(100));
  await file.save(at(200));
  await file.close();
  assert.is(await loadState(dir, url), null);
});

test('a long download does not make a long state file, and another attempt begins a new one', async () => {
  const { dir, path } = await workDir(999);
  const file = new StateFile(dir);
  for (let written = 0; written < 2500; written++) await file.save(at(written % 1000));
  assert.ok((await stat(path)).size < 30_000);
  assert.equal(await loadState(dir, url), at(499));
  await file.close();
  const next = new StateFile(dir);
  await next.save(at(600));
  await next.close();
  assert.equal(await loadState(dir, url), at(600));
  assert.is((await readFile(path, 'utf8')).split('\n').length, 2);
});

test('starting over keeps the version without its bytes, or removes both', async () => {
  const { dir } = await workDir(300);
  const file = new StateFile(dir);
  await file.save(at(100));
  await file.save(at(200));
  await startOver(dir, at(200));
  assert.equal(await loadState(dir, url), at(0));
  await file.close();
  await startOver(dir, null);
  assert.is(await loadState(dir, url), null);
  await startOver(dir, null);
});

test.after(removeDirs);

test.run();
