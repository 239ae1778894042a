import * as fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PartSizes } from '#lib/annie/yt-dlp/part-sizes.server.ts';
import { dropUnsynced } from '#lib/annie/yt-dlp/resume.server.ts';
import { dropUnsynced as dropUnsyncedOfLux } from '#lib/annie/lux/work-files.server.ts';
import { setBootId } from '#lib/files/boot-id.server.ts';
import { cutToSynced, GrowingFiles, runWhileSyncing } from '#lib/files/growing-files.server.ts';
import { reboot } from '../support/reboot.ts';
import { waitFor } from '../support/wait.ts';

interface Folder {
  workDir: string;
}

const test = suite<Folder>('growing-files');
const MEDIA = 'media.22.mp4';
const PART = `${MEDIA}.part`;
const MB = 1024 * 1024;

test.before.each(async (folder) => {
  folder.workDir = await fs.mkdtemp(join(tmpdir(), 'sluice-growing-'));
});
test.after.each(async ({ workDir }) => {
  setBootId(null);
  await fs.rm(workDir, { recursive: true, force: true });
});

const isMedia = (name: string): boolean => name.startsWith('media');

async function sizes(workDir: string): Promise<Record<string, number>> {
  const names = (await fs.readdir(workDir)).filter(isMedia).sort();
  const stats = await Promise.all(names.map((name) => fs.stat(join(workDir, name))));
  return Object.fromEntries(names.map((name, n) => [name, stats[n]?.size ?? 0]));
}

/** Writes a file and notes that its first bytes were synced under `notedName`. */
async function leave(
  workDir: string,
  name: string,
  bytes: number,
  synced: number,
  notedName = name,
): Promise<void> {
  await fs.writeFile(join(workDir, name), Buffer.alloc(bytes, name));
  const { ino, birthtimeNs } = await fs.stat(join(workDir, name), { bigint: true });
  const path = join(workDir, 'sluice-synced.json');
  const before = JSON.parse(await fs.readFile(path, 'utf8').catch(() => '{"files":{}}')) as { files: object };
  const files = { ...before.files, [`${ino}:${birthtimeNs}`]: { name: notedName, bytes: synced } };
  await fs.writeFile(path, JSON.stringify({ version: 1, boot: 'before', files }));
}

async function announced(workDir: string, ...names: string[]): Promise<PartSizes> {
  const part = await PartSizes.open(workDir);
  for (const name of names) part.check({ name, resumedAt: 0 }, 1000, false);
  await part.saved();
  return part;
}

test('a file that grew by 64 MB is synced, and after a power cut is kept that far', async ({ workDir }) => {
  const path = join(workDir, PART);
  await fs.writeFile(path, Buffer.alloc(65 * MB, 'a'));
  const growing = await GrowingFiles.start({ workDir, isMedia });
  try {
    const noted = async (): Promise<boolean> =>
      (await fs.readFile(join(workDir, 'sluice-synced.json'), 'utf8')).includes(`"bytes":${65 * MB}`);
    await waitFor(noted, { what: 'the sync to be noted' });
  } finally {
    await growing.stop();
  }
  await fs.appendFile(path, Buffer.alloc(MB, 'b'));
  const unchanged = (): never => assert.unreachable() as never;
  await cutToSynced({ workDir, isMedia }, unchanged);
  reboot();
  await cutToSynced({ workDir, isMedia }, ({ name, bytes, syncedBytes }) => {
    assert.equal([bytes, syncedBytes], [66 * MB, 65 * MB]);
    return { truncateAs: name };
  });
  assert.equal(await sizes(workDir), { [PART]: 65 * MB });
});

test('in the boot that wrote them all bytes are kept, also those that no sync was noted of', async ({
  workDir,
}) => {
  const growing = await GrowingFiles.start({ workDir, isMedia });
  await fs.writeFile(join(workDir, PART), 'bytes');
  await growing.stop();
  await dropUnsynced(workDir, await PartSizes.open(workDir));
  assert.equal(await sizes(workDir), { [PART]: 5 });
  reboot();
  await dropUnsynced(workDir, await PartSizes.open(workDir));
  assert.equal(await sizes(workDir), {});
});

test('a file that cannot be synced fails its run, and is not left for the next', async ({ workDir }) => {
  await fs.writeFile(join(workDir, PART), Buffer.alloc(65 * MB, 'a'));
  let asked = 0;
  const sync = (path: string): Promise<void> => {
    asked++;
    return path.endsWith(PART)
      ? Promise.reject(Object.assign(new Error('i/o'), { code: 'EIO' }))
      : Promise.resolve();
  };
  const run = runWhileSyncing({ workDir, isMedia, sync }, () =>
    waitFor(() => asked > 0, { what: 'a sync' }).then(() => 'whole'),
  );
  assert.is(await run.catch((thrown: unknown) => (thrown as { code: string }).code), 'disk_error');
  assert.equal(await fs.readdir(workDir), []);
});

test('a part is cut to what was synced, also if it was whole and renamed since', async ({ workDir }) => {
  await leave(workDir, PART, 900, 600);
  await leave(workDir, 'media.140.m4a', 1000, 700, 'media.140.m4a.part');
  await leave(workDir, 'media.18.mp4', 1000, 1000, 'media.18.mp4.part');
  const part = await announced(workDir, MEDIA, 'media.140.m4a', 'media.18.mp4');
  // Resumed further than that before: it is not a file that yt-dlp has begun again.
  part.begin({ name: MEDIA, resumedAt: 800 });
  await dropUnsynced(workDir, part);
  assert.equal(await sizes(workDir), { [PART]: 600, 'media.140.m4a.part': 700, 'media.18.mp4': 1000 });
  assert.ok(part.begin({ name: MEDIA, resumedAt: 600 }));
  await part.saved();
});

test('what yt-dlp does not resume by its length begins again', async ({ workDir }) => {
  await leave(workDir, PART, 900, 600);
  await leave(workDir, `${PART}-Frag7`, 100, 50);
  await leave(workDir, 'media.22.mp4.ytdl', 30, 0);
  await leave(workDir, 'media.137+140.mp4', 900, 600);
  await dropUnsynced(workDir, await PartSizes.open(workDir));
  assert.equal(await sizes(workDir), {});
});

for (const note of ['', '{"version":1,"boot":']) {
  test(`with a note that cannot be read (${note}) nothing is trusted`, async ({ workDir }) => {
    await leave(workDir, PART, 900, 600);
    await fs.writeFile(join(workDir, 'sluice-synced.json'), note);
    await dropUnsynced(workDir, await announced(workDir, MEDIA));
    assert.equal(await sizes(workDir), {});
  });
}

test('what was synced before one power cut is kept after the next one', async ({ workDir }) => {
  await leave(workDir, PART, 900, 600);
  for (const boot of ['11111111-2222-3333-4444-555555555555', '22222222-2222-3333-4444-555555555555']) {
    setBootId(boot);
    await dropUnsynced(workDir, await announced(workDir, MEDIA));
    assert.equal(await sizes(workDir), { [PART]: 600 });
    const growing = await GrowingFiles.start({ workDir, isMedia });
    await fs.appendFile(join(workDir, PART), 'more');
    await growing.stop();
  }
});

test('a work dir of an earlier version, which has no note, is resumed as it is', async ({ workDir }) => {
  await fs.writeFile(join(workDir, PART), 'bytes');
  await dropUnsynced(workDir, await PartSizes.open(workDir));
  assert.equal(await sizes(workDir), { [PART]: 5 });
});

test('lux goes on with a part under way, and whole parts only if all of them was synced', async ({
  workDir,
}) => {
  await leave(workDir, 'media[0].mp4', 900, 900);
  await leave(workDir, 'media[1].mp4', 900, 800);
  await leave(workDir, 'media[2].mp4.download', 500, 300);
  await leave(workDir, 'media[3].mp4.download', 500, 0);
  await dropUnsyncedOfLux(workDir);
  assert.equal(await sizes(workDir), { 'media[0].mp4': 900, 'media[2].mp4.download': 300 });
});

test.run();
