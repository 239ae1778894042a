/** Disks that a test can fill, make read-only and remove: real file systems, where mounting is possible. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** `nobody` on every Linux. */
export const NOBODY = 65534;

const isRoot = process.getuid?.() === 0;

function mount(...args: string[]): string | null {
  const { status, stderr, error } = spawnSync('mount', args, { encoding: 'utf8' });
  return status === 0 ? null : (error?.message ?? stderr.trim());
}

function unmount(dir: string): void {
  // Lazily, as a process that is just ending may still have an open file.
  spawnSync('umount', ['-l', dir], { stdio: 'ignore' });
}

let reason: string | null | undefined;

/** Why file systems cannot be mounted here, or null. For `testUnless`. */
export function unlessMounts(): string | null {
  if (reason !== undefined) return reason;
  if (process.platform !== 'linux' || !isRoot)
    return (reason = 'mounting a small file system needs root on Linux');
  const dir = mkdtempSync(join(tmpdir(), 'sluice-mount-'));
  const failure = mount('-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', dir);
  if (failure === null) unmount(dir);
  rmSync(dir, { recursive: true });
  return (reason = failure === null ? null : `no file system can be mounted here (${failure})`);
}

export function unlessRoot(): string | null {
  return isRoot ? null : 'acting as another user needs root';
}

/** Why nobody cannot run what is in this tree, or null. For `testUnless`. */
export function unlessNobodyReads(): string | null {
  if (!isRoot) return unlessRoot();
  const { status } = spawnSync(
    process.execPath,
    ['-e', 'process.chdir(process.argv[1])', import.meta.dirname],
    {
      uid: NOBODY,
      gid: NOBODY,
    },
  );
  return status === 0
    ? null
    : `uid ${NOBODY} may not read this tree: run the tests from one that others may read`;
}

/** Mounts a small file system on `dir`. @returns unmounts it, which removes its files */
export function tinyDisk(dir: string, bytes: number): () => void {
  const failure = mount('-t', 'tmpfs', '-o', `size=${bytes},mode=0777`, 'tmpfs', dir);
  if (failure !== null) throw new Error(failure);
  return () => unmount(dir);
}

/** Makes `dir` read-only, as a disk is after an error. @returns makes it writable again */
export function readOnlyMount(dir: string): () => void {
  const failure = mount('--bind', dir, dir) ?? mount('-o', 'remount,ro,bind', dir);
  if (failure !== null) throw new Error(failure);
  return () => unmount(dir);
}

/** Runs `body` as nobody, since root has all permissions. */
export function asNobody(body: () => void): void {
  process.seteuid?.(NOBODY);
  try {
    body();
  } finally {
    process.seteuid?.(0);
  }
}
