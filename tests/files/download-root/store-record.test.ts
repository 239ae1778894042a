/** The note that names the data folder of a store in its download folder. Starts are in tests/disk/data-disk-away.test.ts. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DownloadRoot } from '#lib/files/download-root/download-root.server.ts';
import { KnownRootFile } from '#lib/files/download-root/known-root.server.ts';
import { findStoreRecord, recordStore } from '#lib/files/download-root/store-record.server.ts';
import { settles } from '../../support/wait.ts';

interface Place {
  dir: string;
  /** `.sluice` */
  root: string;
}
const test = suite<Place>('store note');
test.before.each((place) => {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-note-'));
  Object.assign(place, { dir, root: join(dir, '.sluice') });
  mkdirSync(place.root);
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true, force: true }));

const pathOf = ({ root }: Place, instance: string): string => join(root, `store-${instance}.json`);

function changeNote(path: string, change: object): void {
  const note = JSON.parse(readFileSync(path, 'utf8')) as object;
  writeFileSync(path, JSON.stringify({ ...note, ...change }));
}

test('the note of a data folder is found by its path, and not by that of another', async (place) => {
  assert.is(await findStoreRecord(place.dir, '/data/one'), null);
  await recordStore(place.dir, { instance: 'one', dataDir: '/data/one' });
  await recordStore(place.dir, { instance: 'two', dataDir: '/data/two' });
  assert.is(await findStoreRecord(place.dir, '/data/one'), pathOf(place, 'one'));
  assert.is(await findStoreRecord(place.dir, '/data/two'), pathOf(place, 'two'));
  for (const other of ['/data', '/data/on', '/data/one/', '/data/three'])
    assert.is(await findStoreRecord(place.dir, other), null, other);
});

test('a later store in the same data folder replaces the note, and a data folder that was moved changes it', async (place) => {
  await recordStore(place.dir, { instance: 'one', dataDir: '/data/one' });
  await recordStore(place.dir, { instance: 'later', dataDir: '/data/one' });
  assert.equal(readdirSync(place.root), ['store-later.json']);
  await recordStore(place.dir, { instance: 'later', dataDir: '/moved' });
  assert.equal(readdirSync(place.root), ['store-later.json']);
  assert.is(await findStoreRecord(place.dir, '/data/one'), null);
  assert.is(await findStoreRecord(place.dir, '/moved'), pathOf(place, 'later'));
});

test('the work dirs of the store before in the same data folder become those of the later one, with their boot', async (place) => {
  const ownerOf = (name: string): object =>
    JSON.parse(readFileSync(join(place.root, name, 'owner.json'), 'utf8')) as object;
  const owners = { lost: 'one', other: 'two', 'old.aside-5': 'one' };
  for (const [name, instance] of Object.entries(owners)) {
    mkdirSync(join(place.root, name));
    const owner = { version: 1, instance, session: 's', boot: 'before' };
    writeFileSync(join(place.root, name, 'owner.json'), JSON.stringify(owner));
  }
  mkdirSync(join(place.root, 'nobody'));
  await recordStore(place.dir, { instance: 'one', dataDir: '/data/one' });
  await recordStore(place.dir, { instance: 'two', dataDir: '/data/two' });
  const { machine } = JSON.parse(readFileSync(pathOf(place, 'one'), 'utf8')) as { machine: string | null };
  await recordStore(place.dir, { instance: 'later', dataDir: '/data/one' });
  const taken = machine === null ? 'one' : 'later';
  assert.equal(ownerOf('lost'), { version: 1, instance: taken, session: 's', boot: 'before' });
  assert.equal(ownerOf('old.aside-5'), { version: 1, instance: taken, session: 's', boot: 'before' });
  assert.equal(ownerOf('other'), { version: 1, instance: 'two', session: 's', boot: 'before' });
  assert.equal(readdirSync(join(place.root, 'nobody')), []);

  // A container: it may be another one, and at work.
  changeNote(pathOf(place, 'later'), { machine: null });
  await recordStore(place.dir, { instance: 'last', dataDir: '/data/one' });
  assert.equal(ownerOf('lost'), { version: 1, instance: taken, session: 's', boot: 'before' });
});

test('the note of another machine with the same path counts only where one of the two has no id', async (place) => {
  await recordStore(place.dir, { instance: 'one', dataDir: '/data' });
  const { machine } = JSON.parse(readFileSync(pathOf(place, 'one'), 'utf8')) as { machine: string | null };
  changeNote(pathOf(place, 'one'), { machine: 'of-another' });
  assert.is(await findStoreRecord(place.dir, '/data'), machine === null ? pathOf(place, 'one') : null);
  changeNote(pathOf(place, 'one'), { machine: null });
  assert.is(await findStoreRecord(place.dir, '/data'), pathOf(place, 'one'));
});

test('a damaged note says nothing, is written again, and a pipe of that name stops nobody', async (place) => {
  writeFileSync(pathOf(place, 'one'), '{');
  mkdirSync(pathOf(place, 'folder'));
  spawnSync('mkfifo', [pathOf(place, 'pipe')]);
  assert.is(await settles(findStoreRecord(place.dir, '/data'), { what: 'the look' }), null);
  await recordStore(place.dir, { instance: 'one', dataDir: '/data' });
  assert.is(await findStoreRecord(place.dir, '/data'), pathOf(place, 'one'));
});

test('the folder gets the note with its mark, and at the next check where it could not be written', async ({
  dir,
  root,
}) => {
  const [dataDir, messages] = [join(dir, 'data'), [] as string[]];
  mkdirSync(dataDir);
  const store = { instance: 'abc', dataDir };
  const log = (message: string): void => void messages.push(message);
  const downloadRoot = new DownloadRoot({ dir, file: new KnownRootFile(dataDir), known: null, store, log });
  // What is in its way cannot be replaced by a file.
  mkdirSync(join(root, 'store-abc.json'));
  await downloadRoot.check();
  await downloadRoot.check();
  assert.equal(messages, ['the download folder could not be given the note of its store']);
  rmSync(join(root, 'store-abc.json'), { recursive: true });
  await downloadRoot.check();
  assert.is(await findStoreRecord(dir, dataDir), join(root, 'store-abc.json'));
  // A temporary store leaves nothing.
  rmSync(root, { recursive: true });
  await new DownloadRoot({ dir, file: null, known: null, log }).check();
  assert.equal(readdirSync(dir), ['data']);
});

test.run();
