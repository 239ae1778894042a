/**
 * Whose a work dir is: `owner.json` in it. Several Sluices may share a download dir, and after a crash a work dir can
 * be left that nobody will ask for again; only the one that made it may say so (docs/adr/010-who-owns-a-work-dir.md).
 */
import { opendir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { errnoOf } from './disk-error.ts';
import { REMOVED, WORK_ROOT, workDirOf } from './work-dir.server.ts';

/** In each work dir. */
export const OWNER = 'owner.json';

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

/** Says whose a work dir is. Again at each attempt: a restored data dir takes over what it goes on with. */
export async function markWorkDir(workDir: string, { instance, session }: WorkOwner): Promise<void> {
  const owner = { version: 1, instance, session } satisfies v.InferOutput<typeof ownerSchema>;
  await writeFile(join(workDir, OWNER), JSON.stringify(owner), { mode: 0o600 });
}

/**
 * The work dirs of an instance, in no order. Takes away on the way what somebody was killed removing.
 * @param handle called for each, awaited
 */
export async function findWorkDirs(
  downloadDir: string,
  instance: string,
  handle: (session: string, download: string) => void,
): Promise<void> {
  const root = join(downloadDir, WORK_ROOT);
  try {
    for await (const entry of await opendir(root)) {
      if (!entry.isDirectory()) continue;
      if (entry.name.endsWith(REMOVED)) {
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

/** null = nobody said, or nothing that can be read: then it is not ours. */
async function readOwner(downloadDir: string, name: string): Promise<WorkOwner | null> {
  try {
    return parseOwner(await readFile(join(workDirOf(downloadDir, name), OWNER), 'utf8'));
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
