import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { markOf } from '#lib/files/file-mark.ts';
import { Files } from '#lib/files/files.server.ts';
import { type LandedFile, landedFile } from '#lib/files/landed-file.ts';
import type { SluiceError } from '#lib/protocol/error.ts';

let dir: string;
let files: Files;

test.before.each(() => {
  const place = mkdtempSync(join(tmpdir(), 'sluice-files-'));
  dir = join(place, 'downloads');
  mkdirSync(dir);
  writeFileSync(join(place, 'secret'), 'secret');
  writeFileSync(join(dir, 'video'), '0123456789');
  files = new Files(dir);
});
test.after.each(() => rmSync(join(dir, '..'), { recursive: true }));

const video = (change: Partial<LandedFile> = {}): LandedFile => ({
  ...landedFile({ name: 'video', bytes: 10 }),
  ...change,
});
const refusalOf = (file: LandedFile): Promise<unknown> =>
  files.open(file).then(
    async (opened) => opened.close(),
    (error: unknown) => (error as SluiceError).code,
  );

test('a file is read from the first byte to the last, both included', async () => {
  const opened = await files.open(video());
  assert.is(opened.bytes, 10);
  assert.is((await buffer(opened.read(2, 4))).toString(), '234');
});

test('a changed file has another version', async () => {
  const before = await files.open(video());
  await before.close();
  writeFileSync(join(dir, 'video'), '0123456789+');
  const after = await files.open(video());
  await after.close();
  assert.is.not(after.version, before.version);
});

test('only the file that has the mark is opened, whole, and of this folder', async () => {
  const { ino, birthtimeMs, mtimeMs } = statSync(join(dir, 'video'));
  const times = { bornMs: Math.floor(birthtimeMs), modifiedMs: Math.floor(mtimeMs) };
  const mark = markOf({ inode: String(ino), ...times, bytes: 10 });
  await (await files.open(video({ mark }))).close();
  assert.is(await refusalOf(video({ mark: '1:1:1:1' })), 'file_missing');
  assert.is(await refusalOf(video({ root: 'another-disk' })), 'disk_missing');
  truncateSync(join(dir, 'video'), 9);
  assert.is(await refusalOf(video({ mark })), 'file_missing');
});

test('names of subfolders are followed, links and the way up are not', async () => {
  mkdirSync(join(dir, 'series'));
  writeFileSync(join(dir, 'series', 'video'), '0123456789');
  await (await files.open(video({ path: ['series', 'video'] }))).close();
  symlinkSync(join(dir, '..'), join(dir, 'up'));
  symlinkSync(join(dir, 'video'), join(dir, 'link'));
  for (const path of [
    [],
    [''],
    ['..', 'secret'],
    ['up', 'secret'],
    ['../secret'],
    ['link'],
    ['series'],
    ['video\0'],
  ])
    assert.is(await refusalOf(video({ path, bytes: 0 })), 'file_missing', path.join('/'));
});

test.run();
