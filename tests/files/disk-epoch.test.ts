/** A download disk that was away and came back in the same boot: what was not synced before is not trusted. */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bootId, setDiskEpoch } from '#lib/files/boot-id.server.ts';
import { DownloadFolder } from '#lib/files/download-folder.server.ts';
import type { DownloadRoot } from '#lib/files/download-root/download-root.server.ts';
import { KnownRootFile } from '#lib/files/download-root/known-root.server.ts';
import { prepareWorkDir } from '#lib/files/work-dir.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { openDownloadRoot } from '../../src/server/download-root.ts';

interface Place {
  at: string;
  dir: string;
  dataDir: string;
}
const test = suite<Place>('disk epoch');
test.before.each((place) => {
  const at = mkdtempSync(join(tmpdir(), 'sluice-epoch-'));
  Object.assign(place, { at, dir: join(at, 'downloads'), dataDir: join(at, 'data') });
  mkdirSync(place.dataDir);
});
test.after.each(({ at }) => {
  setDiskEpoch(0);
  rmSync(at, { recursive: true, force: true });
});

const log = { warn: () => undefined } as never;

function open({ dir, dataDir }: Place, isUnused: boolean): Promise<DownloadRoot> {
  return openDownloadRoot({ config: { downloadDir: dir }, dataDir, isNewStore: false, isUnused, log });
}

/** The code of what it rejects with. */
async function codeOf(work: Promise<unknown>): Promise<string | null> {
  return work.then(
    () => null,
    (thrown: unknown) => (thrown as SluiceError).code,
  );
}

/** A folder with one download, and the disk away for a moment after `before`. */
async function awayAfter(
  place: Place,
  before: 'fetched' | 'landed',
): Promise<{ sync: string | null; finish: string | null }> {
  mkdirSync(place.dir);
  const root = await open(place, true);
  const folder = new DownloadFolder(place.dir, 'me', { confirm: () => root.check() });
  const { path } = await folder.prepare('s', 'd');
  writeFileSync(join(path, 'body'), 'content');
  const fetched = { path: join(path, 'body'), suggestedName: 'film.mp4', bytes: 7 };
  const landed = before === 'landed' ? await folder.finish('d', fetched, null) : null;
  renameSync(place.dir, `${place.dir}-away`);
  assert.is(await codeOf(root.check()), 'disk_missing');
  renameSync(`${place.dir}-away`, place.dir);
  const finish = landed === null ? await codeOf(folder.finish('d', fetched, null)) : null;
  return { finish, sync: landed === null ? null : await codeOf(folder.sync('d', landed)) };
}

test('the boot id holds the epoch from the first check on at which the folder is back', async (place) => {
  mkdirSync(place.dir);
  const root = await open(place, true);
  const before = bootId();
  renameSync(place.dir, `${place.dir}-away`);
  await codeOf(root.check());
  assert.is(bootId(), before);
  renameSync(`${place.dir}-away`, place.dir);
  await root.check();
  assert.is.not(bootId(), before);
  const after = bootId();
  setDiskEpoch(0);
  await open(place, false);
  assert.is(bootId(), after, 'also in the next process');
});

test('a file that was fetched before the disk was away gets no name', async (place) => {
  assert.equal(await awayAfter(place, 'fetched'), { finish: 'disk_error', sync: null });
  assert.not.ok(existsSync(join(place.dir, 'film.mp4')));
});

test('a file that landed before the disk was away is not complete, and is taken back', async (place) => {
  assert.equal(await awayAfter(place, 'landed'), { finish: null, sync: 'disk_error' });
  assert.not.ok(existsSync(join(place.dir, 'film.mp4')));
});

test('a check is not relied on for longer than a disk can be pulled out and put back in', async (place) => {
  mkdirSync(place.dir);
  const root = await open(place, true);
  assert.ok(await root.isUnchanged());
  const real = performance.now();
  performance.now = () => real + 10_000;
  try {
    assert.not.ok(await root.isUnchanged());
  } finally {
    delete (performance as Partial<Performance>).now;
  }
});

test('the folder is created if the first start was interrupted before, and not once there are downloads', async (place) => {
  await open(place, false);
  assert.not.ok(existsSync(place.dir));
  await open(place, true);
  assert.ok(existsSync(place.dir));
  const known = new KnownRootFile(place.dataDir).read();
  assert.is(known?.path, place.dir);
  rmSync(place.dir, { recursive: true });
  await open(place, true);
  assert.not.ok(existsSync(place.dir), 'it is known: its disk may be away');
});

test('.sluice is not created in a folder that is not confirmed', async (place) => {
  mkdirSync(place.dir);
  const confirm = (): Promise<void> => Promise.reject(new SluiceError('disk_missing'));
  assert.is(await codeOf(prepareWorkDir(place.dir, 'd', confirm)), 'disk_missing');
  assert.not.ok(existsSync(join(place.dir, '.sluice')));
  mkdirSync(join(place.dir, '.sluice'));
  assert.is(await codeOf(prepareWorkDir(place.dir, 'd', confirm)), null);
});

test('the removals that ask for a sync while another runs share the next one', async (place) => {
  mkdirSync(place.dir);
  const folder = new DownloadFolder(place.dir, null);
  const synced = [1, 2, 3].map(() => folder.syncRemovals());
  assert.is(new Set(synced).size, 1);
  await Promise.all(synced);
  const next = folder.syncRemovals();
  assert.is.not(next, synced[0]);
  await next;
});

test.run();
