/** The folder in which a run works: the job's, or an empty one for the time of the run. */
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineCommand } from './process-host.ts';

export interface RunFolder {
  cwd: string;
  isScratch: boolean;
  /** What points into a folder of its own. */
  env: Record<string, string>;
  /** Removes what was written for the run, or all of a folder of its own. Never rejects. */
  close(): Promise<void>;
}

/** Removes what an earlier process left. @throws the file system's own error */
export async function makeScratch(dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true }).catch(() => undefined);
  await mkdir(dir, { recursive: true, mode: 0o700 });
}

/** @throws the file system's own error */
export async function openRunFolder(
  { cwd: jobDir, files = {} }: Pick<EngineCommand, 'cwd' | 'files'>,
  scratchDir: string,
): Promise<RunFolder> {
  const isScratch = jobDir === null;
  const cwd = jobDir ?? (await mkdtemp(join(scratchDir, 'run-')));
  const names = Object.keys(files);
  const close = async (): Promise<void> => {
    if (isScratch) await rm(cwd, { recursive: true, force: true }).catch(() => undefined);
    else
      await Promise.all(
        names.map((name) => rm(join(cwd, name), { force: true, recursive: true }).catch(() => undefined)),
      );
  };
  try {
    for (const [name, text] of Object.entries(files)) await writeNew(join(cwd, name), text);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { cwd, isScratch, env: isScratch ? { HOME: cwd, TMPDIR: cwd } : {}, close };
}

/** Never through a link that an earlier run may have left. */
async function writeNew(path: string, text: string): Promise<void> {
  await rm(path, { force: true, recursive: true });
  const handle = await open(path, 'wx', 0o600);
  try {
    await handle.writeFile(text);
  } finally {
    await handle.close();
  }
}
