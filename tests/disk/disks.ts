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

/** A disk that can be unmounted and mounted again, with what is on it. */
export interface RemovableDisk {
  mount(): void;
  /** Lazily: what is open stays open, as after a disk was pulled. */
  unmount(): void;
  /** For good, whether it is mounted or not. */
  release(): void;
}

/** A disk of its own for `dir`, mounted there. What is under the mount point is on the disk of its parent folder. */
export function removableDisk(dir: string, bytes: number): RemovableDisk {
  const backing = mkdtempSync(join(tmpdir(), 'sluice-disk-'));
  const release = tinyDisk(backing, bytes);
  const attach = (): void => {
    const failure = mount('--bind', backing, dir);
    if (failure !== null) throw new Error(failure);
  };
  attach();
  return {
    mount: attach,
    unmount: () => unmount(dir),
    release() {
      unmount(dir);
      release();
      rmSync(backing, { recursive: true });
    },
  };
}

/** Why no disk can be made to give I/O errors, or null. For `testUnless`. */
export function unlessLoops(): string | null {
  if (unlessMounts() !== null) return unlessMounts();
  for (const tool of ['losetup', 'mkfs.ext4', 'python3'])
    if (spawnSync(tool, ['--help']).error) return `a disk with I/O errors needs ${tool}`;
  const { status, stdout, stderr } = spawnSync('losetup', ['-f'], { encoding: 'utf8' });
  return status === 0 && stdout !== '' ? null : `there is no loop device (${stderr.trim()})`;
}

/** An ext4 disk on a loop device. `fail`: from now on every write gives EIO, and what was not synced is lost. */
export function failingDisk(dir: string, bytes: number): RemovableDisk & { fail(): void } {
  const at = mkdtempSync(join(tmpdir(), 'sluice-loop-'));
  const image = join(at, 'image');
  run('truncate', '-s', String(bytes), image);
  run('mkfs.ext4', '-q', '-F', image);
  const device = run('losetup', '--show', '-f', image).trim();
  const attach = (): void => {
    const failure = mount(device, dir);
    if (failure !== null) throw new Error(failure);
  };
  attach();
  return {
    mount: attach,
    unmount: () => void run('umount', dir),
    fail: () => void run('python3', '-c', SHUT_DOWN, dir),
    release() {
      unmount(dir);
      spawnSync('losetup', ['-d', device]);
      rmSync(at, { recursive: true });
    },
  };
}

/** EXT4_IOC_SHUTDOWN without a flush of the journal: what xfstests pulls the plug with. */
const SHUT_DOWN = `import fcntl, os, struct, sys
fcntl.ioctl(os.open(sys.argv[1], os.O_RDONLY), 0x8004587d, struct.pack('I', 2))`;

function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program} ${args.join(' ')}: ${error?.message ?? stderr}`);
  return stdout;
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
