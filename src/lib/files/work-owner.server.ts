/**
 * The owner of a work dir: `owner.json` in it. Several Sluices may share a download dir, and a crash can leave a work
 * dir that no session knows; only the instance that made it may remove it (docs/adr/010-who-owns-a-work-dir.md).
 */
import { opendir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { bootId } from './boot-id.server.ts';
import { errnoOf } from './disk-error.ts';
import { parseJsonAs } from './parse-json.ts';
import { replaceFile } from './replace-file.server.ts';
import { isDownloadId, REMOVED_SUFFIX, WORK_ROOT, workDirOf } from './work-dir.server.ts';

export const OWNER_FILE = 'owner.json';

const ownerSchema = v.object({
  version: v.literal(1),
  /** `instanceKey` of the data dir. */
  instance: v.string(),
  session: v.pipe(v.string(), v.nonEmpty(), v.maxLength(256)),
  /** In which boot this was written; absent = by an earlier version. */
  boot: v.optional(v.string()),
});

interface WorkOwner {
  instance: string;
  session: string;
}
type StoredOwner = v.InferOutput<typeof ownerSchema>;

/** Done at each attempt: a data dir restored from a backup takes over the work dirs that it resumes. */
export async function recordOwner(workDir: string, { instance, session }: WorkOwner): Promise<void> {
  const owner = { version: 1, instance, session, boot: bootId() } satisfies StoredOwner;
  await writeFile(join(workDir, OWNER_FILE), JSON.stringify(owner), { mode: 0o600 });
}

/**
 * Makes the work dirs of other instances, whose data folder is gone for good, those of the one that has its place: nobody else
 * would ever list or remove them.
 * @throws the file system's own error
 */
export async function takeOverWorkDirs(
  downloadDir: string,
  from: readonly string[],
  instance: string,
): Promise<void> {
  const root = join(downloadDir, WORK_ROOT);
  for (const { name } of (await readdir(root, { withFileTypes: true })).filter((one) => one.isDirectory())) {
    const owner = await readOwner(join(root, name));
    if (owner === null || !from.includes(owner.instance)) continue;
    // With its boot: what it says of the bytes stays true.
    await replaceFile(join(root, name, OWNER_FILE), JSON.stringify({ ...owner, instance }), {
      synced: 'contents',
    });
  }
}

interface FoundWorkDir {
  download: string;
  /** null = its note is empty or damaged, as a power cut leaves it: only the store knows whose it is. */
  session: string | null;
  /** Written in this boot: nothing in it was lost with the page cache. */
  isOfThisBoot: boolean;
}

/** Finds the work dirs of an instance, and those whose owner cannot be read, and completes interrupted removals. */
export async function findWorkDirs(
  downloadDir: string,
  instance: string,
  handle: (found: FoundWorkDir) => void,
): Promise<void> {
  const root = join(downloadDir, WORK_ROOT);
  try {
    for await (const entry of await opendir(root)) {
      if (!entry.isDirectory()) continue;
      if (entry.name.endsWith(REMOVED_SUFFIX)) {
        await rm(join(root, entry.name), { recursive: true, force: true });
        continue;
      }
      if (!isDownloadId(entry.name)) continue;
      const owner = await readOwner(workDirOf(downloadDir, entry.name));
      if (owner !== null && owner.instance !== instance) continue;
      const isOfThisBoot = owner !== null && owner.boot === bootId();
      handle({ download: entry.name, session: owner?.session ?? null, isOfThisBoot });
    }
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown;
  }
}

/** Whether the note in a work dir was written in this boot; false = in another one, by an earlier version, or it is damaged. */
export async function isOfThisBoot(workDir: string): Promise<boolean> {
  return (await readOwner(workDir))?.boot === bootId();
}

/** null = none, or invalid. */
async function readOwner(workDir: string): Promise<StoredOwner | null> {
  return parseOwner(await readFile(join(workDir, OWNER_FILE), 'utf8').catch(() => ''));
}

/** null = it says nothing that can be read. */
export function parseOwner(text: string): StoredOwner | null {
  return parseJsonAs(ownerSchema, text);
}
