/**
 * The owner of a work dir: `owner.json` in it. Several Sluices may share a download dir, and a crash can leave a work
 * dir that no session knows; only the instance that made it may remove it (docs/adr/010-who-owns-a-work-dir.md).
 */
import { opendir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { errnoOf } from './disk-error.ts';
import { REMOVED_SUFFIX, WORK_ROOT, workDirOf } from './work-dir.server.ts';

export const OWNER_FILE = 'owner.json';

const ownerSchema = v.object({
  version: v.literal(1),
  /** `instanceKey` of the data dir. */
  instance: v.string(),
  session: v.pipe(v.string(), v.nonEmpty(), v.maxLength(256)),
});

export interface WorkOwner {
  instance: string;
  session: string;
}

/** Done at each attempt: a data dir restored from a backup takes over the work dirs that it resumes. */
export async function recordOwner(workDir: string, { instance, session }: WorkOwner): Promise<void> {
  const owner = { version: 1, instance, session } satisfies v.InferOutput<typeof ownerSchema>;
  await writeFile(join(workDir, OWNER_FILE), JSON.stringify(owner), { mode: 0o600 });
}

/** Finds the work dirs of an instance, in no order, and completes removals that were interrupted. */
export async function findWorkDirs(
  downloadDir: string,
  instance: string,
  handle: (session: string, download: string) => void,
): Promise<void> {
  const root = join(downloadDir, WORK_ROOT);
  try {
    for await (const entry of await opendir(root)) {
      if (!entry.isDirectory()) continue;
      if (entry.name.endsWith(REMOVED_SUFFIX)) {
        await rm(join(root, entry.name), { recursive: true, force: true });
        continue;
      }
      const owner = await readOwner(downloadDir, entry.name);
      if (owner?.instance === instance) handle(owner.session, entry.name);
    }
  } catch (thrown) {
    if (errnoOf(thrown) !== 'ENOENT') throw thrown;
  }
}

/** null = none, or invalid: then it is not ours. */
async function readOwner(downloadDir: string, name: string): Promise<WorkOwner | null> {
  try {
    return parseOwner(await readFile(join(workDirOf(downloadDir, name), OWNER_FILE), 'utf8'));
  } catch {
    return null;
  }
}

/** null = it says nothing that can be read. */
export function parseOwner(text: string): WorkOwner | null {
  try {
    return v.parse(ownerSchema, JSON.parse(text));
  } catch {
    return null;
  }
}
