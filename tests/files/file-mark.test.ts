import { copyFile, link, mkdtemp, rename, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type FileIdentity, hasMark, markOf } from '#lib/files/file-mark.ts';
import { deleteLanded } from '#lib/files/finish/finish.server.ts';
import { statFile } from '#lib/files/finish/disk.server.ts';

const found: FileIdentity = { inode: '18446744073709551615', bornMs: 5_001, modifiedMs: 7_003, bytes: 9 };
const mark = markOf(found);

test('a file is known by inode and birth, or by time and size', () => {
  assert.ok(hasMark(found, mark));
  assert.ok(hasMark({ ...found, modifiedMs: 1, bytes: 2 }, mark), 'edited');
  assert.ok(hasMark({ ...found, inode: '1', bornMs: 2 }, mark), 'copied to another disk');
  assert.ok(hasMark({ ...found, inode: '1', modifiedMs: 8_000 }, mark), 'on a disk that rounds times');
  assert.not(
    hasMark({ ...found, bornMs: 5_002, bytes: 10 }, mark),
    'the number of the inode was given again',
  );
  assert.not(hasMark({ ...found, inode: '1', bytes: 10 }, mark), 'another size');
  assert.not(hasMark({ ...found, inode: '1', modifiedMs: 7_005 }, mark), 'another time');
  const unborn = { ...found, bornMs: 0 };
  assert.not(hasMark({ ...unborn, bytes: 10 }, markOf(unborn)), 'a disk that does not tell when');
});

test('a file keeps its mark when it is renamed or copied with its times, and no other file has it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'sluice-mark-'));
  const path = join(dir, 'a');
  const stat = async (at = path) => (await statFile(at))!;
  try {
    await writeFile(path, 'one');
    const mine = markOf(await stat());
    await rename(path, `${path}.moved`);
    assert.ok(hasMark(await stat(`${path}.moved`), mine));
    await writeFile(path, 'other');
    assert.not(hasMark(await stat(), mine));
    assert.not(await deleteLanded(dir, 'a', mine));
    assert.is((await stat()).bytes, 5);
    await unlink(path);
    await copyFile(`${path}.moved`, path);
    const { modifiedMs } = await stat(`${path}.moved`);
    await utimes(path, modifiedMs / 1000, modifiedMs / 1000);
    assert.ok(hasMark(await stat(), mine));
    await unlink(path);
    await link(`${path}.moved`, path);
    assert.ok(await deleteLanded(dir, 'a', mine));
  } finally {
    await rm(dir, { recursive: true });
  }
});

test.run();
