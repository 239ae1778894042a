/** Small files of ours are replaced as a whole, and through no link. */
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Disk, realDisk } from '#lib/files/finish/disk.server.ts';
import { draftOf, replaceFile, replaceFileSync } from '#lib/files/replace-file.server.ts';

interface Place {
  dir: string;
  path: string;
}
const test = suite<Place>('replace file');
test.before.each((place) => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-replace-'));
  Object.assign(place, { dir, path: join(dir, 'note.json') });
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true, force: true }));

const read = (path: string): string => readFileSync(path, 'utf8');

test('the new contents take the place of the old ones, readable by their owner alone, and no draft is left', async ({
  dir,
  path,
}) => {
  writeFileSync(path, 'old, and longer');
  chmodSync(path, 0o644);
  for (const replace of [replaceFile, replaceFileSync]) {
    await replace(path, 'new');
    assert.is(read(path), 'new');
    assert.is(statSync(path).mode & 0o777, 0o600);
    assert.equal(readdirSync(dir), ['note.json']);
  }
});

test('a link or a folder in the place of the draft is removed, and where the link leads is left alone', async ({
  dir,
  path,
}) => {
  const elsewhere = join(dir, 'elsewhere');
  writeFileSync(elsewhere, 'of a stranger');
  symlinkSync(elsewhere, draftOf(path));
  await replaceFile(path, 'one');
  mkdirSync(join(draftOf(path), 'inside'), { recursive: true });
  await replaceFile(path, 'two');
  assert.equal([read(path), read(elsewhere)], ['two', 'of a stranger']);
});

test('a draft that is reused is cut to the new contents, and keeps its inode', async ({ path }) => {
  writeFileSync(draftOf(path), 'a long draft of before');
  const { ino } = statSync(draftOf(path));
  await replaceFile(path, 'short', { reusesDraft: true });
  assert.equal([read(path), statSync(path).ino], ['short', ino]);
});

test('the contents are synced before the name changes, and only where that is asked for', async ({
  path,
}) => {
  const calls: string[] = [];
  const disk = {
    rm: realDisk.rm,
    writeFile: ((file: string, text: string, options: { flush: boolean }) => {
      calls.push(options.flush ? 'write, sync' : 'write');
      return realDisk.writeFile(file, text, options);
    }) as Disk['writeFile'],
    rename: ((from: string, to: string) => {
      calls.push('rename');
      return realDisk.rename(from, to);
    }) as Disk['rename'],
  };
  for (const synced of ['nothing', 'contents', 'name'] as const)
    await replaceFile(path, synced, { synced, disk });
  assert.equal(calls, ['write', 'rename', 'write, sync', 'rename', 'write, sync', 'rename']);
});

test('what cannot be written leaves the old contents', async ({ path }) => {
  writeFileSync(path, 'old');
  const full = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  const disk = { ...realDisk, writeFile: () => Promise.reject(full) };
  await replaceFile(path, 'new', { disk }).then(
    () => assert.unreachable(),
    (thrown: unknown) => assert.is(thrown, full),
  );
  assert.is(read(path), 'old');
});

test.run();
