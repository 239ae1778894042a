/** The folder in which a run works: the job's, or an empty one for the time of the run. */
import { execFile } from 'node:child_process';
import { type Dirent, existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EngineCommand } from './process-host.ts';
import type { Sandbox } from './sandbox/sandbox.ts';

/** Folders of a job within each other: engines make one or two. */
const MAX_DEPTH = 32;

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
  await remove(dir);
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

/** By the system's rm where folders are nested too deep for a path of theirs. */
const remove = (path: string): Promise<void> =>
  rm(path, { recursive: true, force: true }).catch(async () => {
    await promisify(execFile)('rm', ['-rf', '--', path]).catch(() => undefined);
  });

/** An entry of the folder that cannot be walked through, being locked or too deep, goes whole: no engine of ours makes such. */
async function removeSpecial(cwd: string): Promise<void> {
  for (const entry of (await entriesOf(cwd).catch(() => null)) ?? []) {
    const path = join(cwd, entry.name);
    await removeSpecialIn(path, entry, 1).catch(() => remove(path));
  }
}

/** @throws Error for a folder that cannot be read */
async function removeSpecialIn(path: string, entry: Dirent, depth: number): Promise<void> {
  if (entry.isFile()) return;
  if (!entry.isDirectory()) return remove(path);
  if (depth > MAX_DEPTH) throw new Error(`folders are nested more than ${MAX_DEPTH} deep`);
  for (const inside of await entriesOf(path))
    await removeSpecialIn(join(path, inside.name), inside, depth + 1);
}

async function entriesOf(dir: string): Promise<Dirent[]> {
  const read = (): Promise<Dirent[]> => readdir(dir, { withFileTypes: true });
  return read().catch(async () => {
    // The run may have taken the rights to its own folder.
    await chmod(dir, 0o700);
    return read();
  });
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
