/** The folder in which a run works: the job's, or an empty one for the time of the run. */
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineCommand } from './process-host.ts';
import type { Sandbox } from './sandbox/sandbox.ts';

export interface RunFolder {
  cwd: string;
  isScratch: boolean;
  /** Absolute: what the run may not change. */
  kept: readonly string[];
  /** What points into a folder of its own. */
  env: Record<string, string>;
  /**
   * Removes what was written for the run, and what is no file: a link or a pipe would lead the server's next step out of the
   * folder, or keep it waiting. A folder of its own is removed. Never rejects.
   */
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
  { scratchDir, sandbox, notes }: { scratchDir: string; sandbox: Sandbox | null; notes: readonly string[] },
): Promise<RunFolder> {
  const isScratch = jobDir === null;
  const cwd = jobDir ?? (await mkdtemp(join(scratchDir, 'run-')));
  const kept = notes.map((name) => join(cwd, name)).filter((path) => existsSync(path));
  const forged = notes.map((name) => join(cwd, name)).filter((path) => !kept.includes(path));
  const close = async (): Promise<void> => {
    if (isScratch) return remove(cwd);
    await Promise.all([...Object.keys(files).map((name) => join(cwd, name)), ...forged].map(remove));
    // What we install has its own links.
    if (sandbox !== null) await removeSpecial(cwd);
  };
  try {
    for (const [name, text] of Object.entries(files)) await writeNew(join(cwd, name), text);
  } catch (thrown) {
    await close();
    throw thrown;
  }
  return { cwd, isScratch, kept, env: isScratch ? { HOME: cwd, TMPDIR: cwd } : {}, close };
}

const remove = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true }).catch(() => undefined);

async function removeSpecial(dir: string): Promise<void> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => []);
  const special = entries.filter((entry) => !entry.isFile() && !entry.isDirectory());
  for (const { parentPath, name } of special) await remove(join(parentPath, name));
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
