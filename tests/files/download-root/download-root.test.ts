/** How the download folder is recognised. Mounts are in tests/long/disk-away.test.ts. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DownloadRoot } from '#lib/files/download-root/download-root.server.ts';
import { KnownRootFile } from '#lib/files/download-root/known-root.server.ts';
import { readMark, writeMark } from '#lib/files/download-root/mark.server.ts';
import { mountHolding } from '#lib/files/download-root/mount.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';

interface Place {
  at: string;
  dir: string;
  dataDir: string;
}
const test = suite<Place>('download root');
test.before.each((place) => {
  const at = mkdtempSync(join(tmpdir(), 'sluice-root-'));
  Object.assign(place, { at, dir: join(at, 'downloads'), dataDir: join(at, 'data') });
  mkdirSync(place.dir);
  mkdirSync(place.dataDir);
});
test.after.each(({ at }) => rmSync(at, { recursive: true, force: true }));

/** As at a start. */
function open({ dir, dataDir }: Place): DownloadRoot {
  const file = new KnownRootFile(dataDir);
  return new DownloadRoot({ dir, file, known: file.read(), log: () => undefined });
}

async function codeOf(root: DownloadRoot): Promise<string | null> {
  try {
    await root.check({ thorough: true });
    return null;
  } catch (thrown) {
    return (thrown as SluiceError).code;
  }
}

test('two Sluices that share a folder find the same mark', async (place) => {
  const dataDir = join(place.at, 'other');
  mkdirSync(dataDir);
  const roots = [open(place), open({ ...place, dataDir })];
  await Promise.all(roots.map((root) => root.check()));
  await Promise.all(roots.map((root) => root.check()));
  const mark = await readMark(place.dir);
  assert.ok(mark !== null);
  assert.is(new KnownRootFile(place.dataDir).read()?.root, mark);
  assert.is(new KnownRootFile(dataDir).read()?.root, mark);
});

test('another folder in its place is disk_missing, also after a restart, and it is not written to', async (place) => {
  const other = join(place.at, 'older');
  mkdirSync(other);
  const root = open(place);
  assert.is(await codeOf(root), null);
  renameSync(place.dir, `${place.dir}-away`);
  assert.is(await codeOf(root), 'disk_missing');
  renameSync(other, place.dir);
  for (const asked of [root, open(place)]) assert.is(await codeOf(asked), 'disk_missing');
  assert.not.ok(existsSync(join(place.dir, '.sluice')));
  await writeMark(place.dir, 'of-another-root');
  for (const asked of [root, open(place)])
    assert.is(await codeOf(asked), 'disk_missing', 'with another mark');
  rmSync(place.dir, { recursive: true });
  writeFileSync(place.dir, 'a file');
  assert.is(await codeOf(root), 'disk_missing');
  rmSync(place.dir);
  renameSync(`${place.dir}-away`, place.dir);
  assert.is(await codeOf(root), null);
});

test('a folder whose mark was removed or is damaged is marked again with its id', async (place) => {
  const root = open(place);
  await root.check();
  const id = root.id;
  const path = join(place.dir, '.sluice/root.json');
  assert.ok(await root.isUnchanged());
  rmSync(join(place.dir, '.sluice'), { recursive: true });
  assert.not.ok(await root.isUnchanged());
  await root.check();
  assert.is(await readMark(place.dir), id);
  writeFileSync(path, '');
  assert.is(await codeOf(open(place)), null);
  assert.is(await readMark(place.dir), id);
});

test('a copy of the folder with its mark is the folder', async (place) => {
  const root = open(place);
  await root.check();
  const { id } = root;
  renameSync(place.dir, `${place.dir}-old`);
  mkdirSync(place.dir);
  await writeMark(place.dir, id ?? '');
  assert.is(await codeOf(root), null);
  assert.is(root.id, id);
});

test('the epoch changes when the folder was missing, and not with a restart', async (place) => {
  const root = open(place);
  await root.check();
  const { epoch } = root;
  const second = open(place);
  await second.check();
  assert.is(second.epoch, epoch);
  renameSync(place.dir, `${place.dir}-away`);
  assert.is(await codeOf(second), 'disk_missing');
  assert.is(await codeOf(second), 'disk_missing');
  renameSync(`${place.dir}-away`, place.dir);
  assert.is(await codeOf(second), null);
  assert.is.not(second.epoch, epoch);
  const third = open(place);
  await third.check();
  assert.is(third.epoch, second.epoch);
});

test('the epoch changes when a call on a file failed', async (place) => {
  const root = open(place);
  root.distrust();
  await root.check();
  const { epoch } = root;
  root.distrust();
  assert.is.not(root.epoch, epoch);
});

test('a folder that was made again while the server was down is adopted, whatever mount ids there are now', async (place) => {
  const root = open(place);
  await root.check();
  const file = new KnownRootFile(place.dataDir);
  const known = file.read();
  file.write({ ...known!, mount: `1${known?.mount ?? ''}` });
  rmSync(place.dir, { recursive: true });
  mkdirSync(place.dir);
  assert.is(await codeOf(open(place)), null);
  assert.is(await readMark(place.dir), root.id);
  const moved = { ...file.read()!, mount: '1 0:1 / tmpfs none' };
  file.write(moved);
  rmSync(place.dir, { recursive: true });
  mkdirSync(place.dir);
  assert.is(await codeOf(open(place)), 'disk_missing', 'on another mount it may be a mount point');
});

test('the epoch changes when the folder is on another mount at the start', async (place) => {
  const root = open(place);
  await root.check();
  const file = new KnownRootFile(place.dataDir);
  const known = file.read();
  assert.ok(known !== null && known.mount !== null);
  file.write({ ...known, mount: `1${known.mount}` });
  const second = open(place);
  await second.check();
  assert.is.not(second.epoch, root.epoch);
});

test('a temporary store leaves no mark', async (place) => {
  const root = new DownloadRoot({ dir: place.dir, file: null, known: null, log: () => undefined });
  assert.is(await codeOf(root), null);
  assert.not.ok(existsSync(join(place.dir, '.sluice')));
});

test('a damaged roots.json is as none', (place) => {
  writeFileSync(join(place.dataDir, 'roots.json'), '{"version":1,"roots":[{"path":1}]}');
  assert.is(new KnownRootFile(place.dataDir).read(), null);
});

test('nothing but the mark is left of writing it, and of a thorough check', async (place) => {
  await codeOf(open(place));
  const text = readFileSync(join(place.dir, '.sluice/root.json'), 'utf8');
  assert.equal(Object.keys(JSON.parse(text) as object), ['version', 'root']);
});

test('the mount of a folder is the one with the longest mount point, and the later of two', () => {
  const table = [
    '21 1 254:0 / / rw - ext4 /dev/vda rw',
    '30 21 0:40 / /media rw - tmpfs tmpfs rw',
    '31 30 8:17 /deep /media/my\\040disk rw,relatime shared:2 - ext4 /dev/sdb1 rw',
    '32 31 0:44 / /media/my\\040disk rw - nfs nas:/x rw',
    '33 21 0:45 / /med rw - tmpfs tmpfs rw',
    '',
  ].join('\n');
  assert.equal(mountHolding('/media/my disk/a', table), {
    text: '32 0:44 /media/my disk nfs nas:/x rw',
    isPoint: false,
  });
  assert.equal(mountHolding('/media', table)?.isPoint, true);
  assert.match(mountHolding('/mediator', table)?.text ?? '', /^21 /);
});

test('a folder whose disk is pulled out while it is marked gets no mark in its place', async ({ dir }) => {
  let asked = 0;
  const gone = new SluiceError('disk_missing');
  const marked = writeMark(dir, 'root', () => (++asked === 2 ? Promise.reject(gone) : Promise.resolve()));
  assert.is(await marked.catch((thrown: unknown) => thrown), gone);
  assert.equal(readdirSync(join(dir, '.sluice')), []);
});

test.run();
