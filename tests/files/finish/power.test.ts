/** What a start in another boot makes of a move whose bytes may not be on the disk. */
import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { bootId, setBootId } from '#lib/files/boot-id.server.ts';
import { DownloadFolder } from '#lib/files/download-folder.server.ts';
import { realDisk } from '#lib/files/finish/disk.server.ts';
import { finishFile, resumeFinish, undoFinish } from '#lib/files/finish/finish.server.ts';
import { recordSynced } from '#lib/files/finish/journal.server.ts';
import { BODY_FILE, loadState, StateFile } from '#lib/annie/http/file/saved-state.server.ts';
import { freshState, loadTrackState, saveTrackState } from '#lib/annie/http/hls/track-state.server.ts';
import type { Fragments } from '#lib/foreign/playlist/fragments.ts';
import { reboot } from '../../support/reboot.ts';
import { BODY, listing, put } from './helpers.ts';

interface Folders {
  dir: string;
  workDir: string;
}

const test = suite<Folders>('power');

test.before.each(async (folders) => {
  folders.dir = await fs.mkdtemp(join(tmpdir(), 'sluice-power-'));
  folders.workDir = (await new DownloadFolder(folders.dir, 'me').prepare('s1', 'aaa')).path;
});
test.after.each(async ({ dir }) => {
  setBootId(null);
  await fs.rm(dir, { recursive: true, force: true });
});

async function land({ dir, workDir }: Folders): Promise<void> {
  const source = await put(workDir);
  await finishFile({ workDir, downloadDir: dir, name: 'clip.mp4', ...source });
}

async function prepareAgain({ dir }: Folders): Promise<DownloadFolder> {
  const folder = new DownloadFolder(dir, 'me');
  assert.equal((await folder.prepare('s1', 'aaa')).isNew, false);
  return folder;
}

test('in the same boot a landed file is whole: it is finished again, not fetched again', async (folders) => {
  await land(folders);
  const folder = await prepareAgain(folders);
  assert.is((await folder.resumeFinish('aaa'))?.name, 'clip.mp4');
});

for (const bytes of [0, 3, BODY.length]) {
  test(`after a power cut a landed file that was not synced goes back, with ${bytes} bytes`, async (folders) => {
    await land(folders);
    await fs.truncate(join(folders.dir, 'clip.mp4'), bytes);
    reboot();
    const folder = await prepareAgain(folders);
    assert.is(await folder.resumeFinish('aaa'), null);
    assert.equal(await listing(folders.dir), []);
    assert.equal((await fs.readdir(folders.workDir)).sort(), ['data', 'owner.json']);
    await land(folders);
    assert.is(await fs.readFile(join(folders.dir, 'clip.mp4'), 'utf8'), BODY);
  });
}

test('a file that was synced before the power cut is kept', async (folders) => {
  await land(folders);
  await recordSynced(folders.workDir, realDisk);
  reboot();
  const folder = await prepareAgain(folders);
  assert.is((await folder.resumeFinish('aaa'))?.name, 'clip.mp4');
  assert.equal(await listing(folders.dir), ['clip.mp4']);
});

test('a journal of an earlier version says nothing of its boot: its file goes back too', async (folders) => {
  await land(folders);
  const path = join(folders.workDir, 'finish.json');
  const { boot: _, ...journal } = JSON.parse(await fs.readFile(path, 'utf8')) as Record<string, unknown>;
  await fs.writeFile(path, JSON.stringify(journal));
  assert.is(await resumeFinish({ workDir: folders.workDir, downloadDir: folders.dir }), null);
  assert.equal(await listing(folders.dir), []);
});

test('with notes that a power cut has emptied the landed file is found by its other name', async (folders) => {
  const { dir, workDir } = folders;
  await fs.writeFile(join(dir, 'clip.mp4'), 'older');
  await land(folders);
  assert.equal(await listing(dir), ['clip (2).mp4', 'clip.mp4']);
  await fs.truncate(join(dir, 'clip (2).mp4'), 0);
  for (const note of ['finish.json', 'owner.json']) await fs.truncate(join(workDir, note), 0);
  reboot();
  const folder = await prepareAgain(folders);
  assert.is(await folder.resumeFinish('aaa'), null);
  assert.equal(await listing(dir), ['clip.mp4']);
  assert.is(await fs.readFile(join(dir, 'clip.mp4'), 'utf8'), 'older');
});

test('a power cut between the new name and the end of the old one is undone as well', async (folders) => {
  const { dir, workDir } = folders;
  await put(workDir);
  await fs.link(join(workDir, 'data'), join(dir, 'clip.mp4'));
  await fs.writeFile(join(workDir, 'finish.json'), '');
  reboot();
  await prepareAgain(folders);
  assert.equal([await listing(dir), (await fs.readdir(workDir)).sort()], [[], ['data', 'owner.json']]);
});

test("another file under the landed one's name is not touched", async (folders) => {
  const { dir } = folders;
  await land(folders);
  await fs.rename(join(dir, 'clip.mp4'), join(dir, 'mine.mp4'));
  await fs.writeFile(join(dir, 'clip.mp4'), 'not ours');
  await fs.unlink(join(dir, 'mine.mp4'));
  reboot();
  await prepareAgain(folders);
  assert.is(await fs.readFile(join(dir, 'clip.mp4'), 'utf8'), 'not ours');
});

for (const state of ['its journal', 'no journal'] as const) {
  test(`a reused work dir that a power cut shows as it was, with ${state}, costs the download before no file`, async (folders) => {
    const { dir, workDir } = folders;
    await land(folders);
    if (state === 'no journal') await fs.rm(join(workDir, 'finish.json'));
    await fs.rename(workDir, join(dir, '.sluice/bbb'));
    reboot();
    const folder = new DownloadFolder(dir, 'me');
    await folder.prepare('s1', 'bbb');
    assert.is(await folder.resumeFinish('bbb'), null);
    assert.is(await fs.readFile(join(dir, 'clip.mp4'), 'utf8'), BODY);
    assert.equal(await fs.readdir(join(dir, '.sluice/bbb')), ['owner.json']);
  });
}

test('a landed file whose journal holds what it held for the download before goes back all the same', async (folders) => {
  const { dir, workDir } = folders;
  await fs.writeFile(join(workDir, 'before'), 'before');
  const before = { path: join(workDir, 'before'), bytes: 6, name: 'before.mp4' };
  await finishFile({ workDir, downloadDir: dir, ...before });
  const old = await fs.readFile(join(workDir, 'finish.json'), 'utf8');
  await fs.rm(join(workDir, 'landed.before'));
  await land(folders);
  await fs.writeFile(join(workDir, 'finish.json'), old.replace('"download":"aaa"', '"download":"zzz"'));
  reboot();
  const folder = await prepareAgain(folders);
  assert.is(await folder.resumeFinish('aaa'), null);
  assert.equal(await listing(dir), ['before.mp4']);
});

test('a discard after a power cut deletes a landed file that lost bytes', async (folders) => {
  const { dir, workDir } = folders;
  await land(folders);
  await fs.truncate(join(dir, 'clip.mp4'), 2);
  reboot();
  await undoFinish({ workDir, downloadDir: dir });
  assert.equal(await listing(dir), []);
  await undoFinish({ workDir: join(dir, '.sluice/none'), downloadDir: dir });
});

test('a discard leaves neither name of a landed file', async (folders) => {
  const { dir, workDir } = folders;
  await land(folders);
  assert.ok((await fs.readdir(workDir)).includes('landed.data'));
  await undoFinish({ workDir, downloadDir: dir });
  assert.equal([await listing(dir), (await fs.readdir(workDir)).sort()], [[], ['finish.json', 'owner.json']]);
});

const ADDRESS = 'https://media.example/clip.mp4';

/** What the built-in engine notes of its files: the file is whole. */
async function saveMaps(workDir: string, bytes: number): Promise<void> {
  const validators = { etag: '"1"', lastModified: null, ifRange: '"1"' };
  const state = { version: 1 as const, url: ADDRESS, name: 'clip.mp4', totalBytes: bytes, validators };
  const file = new StateFile(workDir);
  await file.save({ ...state, segments: [[0, bytes, bytes]] });
  await file.close();
  const track = freshState({ fingerprint: 'f', addressHash: 'a' } as Fragments, 'video');
  await fs.writeFile(join(workDir, 'hls-video'), 'fragment');
  await saveTrackState(join(workDir, 'hls-video'), { ...track, fragments: 1, bytes: 8, lastBytes: 8 });
}

async function loadMaps(workDir: string): Promise<boolean[]> {
  const state = await loadState(workDir, ADDRESS);
  const track = await loadTrackState(join(workDir, 'hls-video'), 'video f');
  return [state !== null, track !== null];
}

for (const isJournalLost of [false, true]) {
  const name = isJournalLost ? ', also with an empty journal' : '';
  test(`of a landed file that goes back the built-in engine trusts no byte${name}`, async (folders) => {
    const { dir, workDir } = folders;
    const path = join(workDir, BODY_FILE);
    await fs.writeFile(path, BODY);
    await saveMaps(workDir, BODY.length);
    assert.equal(await loadMaps(workDir), [true, true]);
    await finishFile({ workDir, downloadDir: dir, name: 'clip.mp4', path, bytes: BODY.length });
    if (isJournalLost) await fs.truncate(join(workDir, 'finish.json'), 0);
    reboot();
    await prepareAgain(folders);
    assert.equal(await listing(dir), []);
    assert.is(await fs.readFile(path, 'utf8'), BODY);
    assert.equal(await loadMaps(workDir), [false, false]);
  });
}

test('of a track that goes back what was synced stays noted', async (folders) => {
  const { dir, workDir } = folders;
  await land(folders);
  const notes = ['hls-video.json', 'hls-video.synced.json'];
  for (const note of notes) await fs.writeFile(join(workDir, note), '{}');
  reboot();
  await prepareAgain(folders);
  assert.equal(await listing(dir), []);
  assert.equal((await fs.readdir(workDir)).sort(), ['data', ...notes, 'owner.json']);
});

test('what was only hashed before a power cut has to be fetched, or found whole, by its engine', async (folders) => {
  const folder = new DownloadFolder(folders.dir, 'me');
  const { path, bytes } = await put(folders.workDir);
  await folder.recordFetched('aaa', { path, bytes, suggestedName: 'clip.mp4' });
  assert.is((await folder.findFetched('aaa'))?.bytes, bytes);
  reboot();
  assert.is(await folder.findFetched('aaa'), null);
});

test('work dirs whose owner a power cut has emptied belong to the session that knows their download', async (folders) => {
  const { dir, workDir } = folders;
  const folder = new DownloadFolder(dir, 'me');
  await folder.prepare('s2', 'bbb');
  await folder.prepare('s3', 'ccc');
  await fs.truncate(join(workDir, 'owner.json'), 0);
  await fs.truncate(join(dir, '.sluice/ccc/owner.json'), 0);
  const asked: string[] = [];
  const found = await folder.findWorkDirs((downloads) => {
    asked.push(...downloads);
    return Promise.resolve(new Map([['aaa', 's1']]));
  });
  assert.equal(asked.sort(), ['aaa', 'ccc']);
  assert.equal([...found].sort(), [
    ['s1', ['aaa']],
    ['s2', ['bbb']],
  ]);
});

test('a work dir records the boot in which it was prepared', async (folders) => {
  const owner = JSON.parse(await fs.readFile(join(folders.workDir, 'owner.json'), 'utf8')) as object;
  assert.equal(owner, { version: 1, instance: 'me', session: 's1', boot: bootId() });
});

test.run();
