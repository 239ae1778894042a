/**
 * The mark of a download folder: `.sluice/root.json` with a random id. A folder without it may be an empty mount point
 * whose disk is away (docs/adr/028-a-mark-in-the-download-folder.md).
 */
import { randomBytes } from 'node:crypto';
import { link, lstat, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as v from 'valibot';
import { errnoOf } from '../disk-error.ts';
import { parseJsonAs } from '../parse-json.ts';
import { syncOnDisk } from '../sync.server.ts';
import { WORK_ROOT } from '../work-dir.server.ts';

const MARK_FILE = 'root.json';

const markSchema = v.object({
  version: v.literal(1),
  root: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{8,64}$/)),
});

/** Identifies the mark's file: as long as both are the same, so is the folder. */
export interface MarkFile {
  device: bigint;
  inode: bigint;
}

function markPath(downloadDir: string): string {
  return join(downloadDir, WORK_ROOT, MARK_FILE);
}

export function newRootId(): string {
  return randomBytes(12).toString('base64url');
}

/** null = there is none. @throws the file system's own error */
export async function statMark(downloadDir: string): Promise<MarkFile | null> {
  try {
    const { dev, ino } = await lstat(markPath(downloadDir), { bigint: true });
    return { device: dev, inode: ino };
  } catch (thrown) {
    return nullIfMissing(thrown);
  }
}

/** The id that the mark holds; null = there is none, or a power cut left it without its bytes. @throws as `statMark` */
export async function readMark(downloadDir: string): Promise<string | null> {
  let text: string;
  try {
    text = await readFile(markPath(downloadDir), 'utf8');
  } catch (thrown) {
    return nullIfMissing(thrown);
  }
  return parseJsonAs(markSchema, text)?.root ?? null;
}

/**
 * Writes the mark, unless another Sluice that shares the folder was faster.
 * @param requireSame throws when the path leads to another folder by now: its disk was pulled out meanwhile, and the mark
 *   would be written below the mount point. Asked last when the draft is there: that of another disk cannot be linked.
 * @returns the id that the mark holds now
 * @throws the file system's own error, what `requireSame` throws
 */
export async function writeMark(
  downloadDir: string,
  root: string,
  requireSame: () => Promise<void> = () => Promise.resolve(),
): Promise<string> {
  const path = markPath(downloadDir);
  await requireSame();
  await mkdir(dirname(path), { mode: 0o700 }).catch((thrown: unknown) => {
    if (errnoOf(thrown) !== 'EEXIST') throw thrown;
  });
  const draft = `${path}.${newRootId()}`;
  try {
    await writeSynced(draft, JSON.stringify({ version: 1, root } satisfies v.InferOutput<typeof markSchema>));
    await requireSame();
    // link() never replaces a valid mark; a file system without links gets a rename.
    await link(draft, path).catch(async (thrown: unknown) => {
      if (errnoOf(thrown) !== 'EEXIST' || (await readMark(downloadDir)) === null) await rename(draft, path);
    });
  } finally {
    await rm(draft, { force: true }).catch(() => undefined);
  }
  await syncNames(downloadDir);
  return (await readMark(downloadDir)) ?? root;
}

/**
 * The data dir will remember this folder, on another disk perhaps: after a power cut the folder has to be there too, or
 * downloads would wait for it for ever.
 */
async function syncNames(downloadDir: string): Promise<void> {
  for (const dir of [dirname(markPath(downloadDir)), downloadDir, dirname(downloadDir)]) {
    await syncOnDisk(dir, 'sync');
  }
}

async function writeSynced(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
}

function nullIfMissing(thrown: unknown): null {
  const errno = errnoOf(thrown);
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return null;
  throw thrown;
}
