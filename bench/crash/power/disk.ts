/** A file system that can lose its power: ext4 on a loop device. Needs root. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

const SHUTDOWN = join(import.meta.dirname, 'shutdown.py');
const UNMOUNT_DEADLINE_MS = 20_000;

export class PowerDisk {
  readonly #image: string;
  readonly #device: string;
  readonly mountpoint: string;

  /** @throws what losetup, mkfs or mount say */
  constructor(dir: string, name: string, bytes: number) {
    this.#image = join(dir, `${name}.img`);
    this.mountpoint = join(dir, name);
    mkdirSync(this.mountpoint);
    writeFileSync(this.#image, '');
    truncateSync(this.#image, bytes);
    execFileSync('mkfs.ext4', ['-q', '-F', this.#image]);
    this.#device = execFileSync('losetup', ['--find', '--show', this.#image], { encoding: 'utf8' }).trim();
    try {
      this.mount();
    } catch (error) {
      execFileSync('losetup', ['--detach', this.#device]);
      throw error;
    }
  }

  mount(): void {
    execFileSync('mount', ['-t', 'ext4', this.#device, this.mountpoint]);
  }

  /** Resolves once the kernel has let go of the file system: whoever held a file there has to end first. */
  async unmount(): Promise<void> {
    const end = performance.now() + UNMOUNT_DEADLINE_MS;
    const isMounted = (): boolean => existsSync(join('/sys/fs/ext4', basename(this.#device)));
    for (; isMounted(); await delay(20)) {
      spawnSync('umount', [this.mountpoint], { stdio: 'ignore' });
      if (performance.now() > end) throw new Error(`${this.mountpoint} cannot be unmounted`);
    }
  }

  async remove(): Promise<void> {
    await this.unmount();
    execFileSync('losetup', ['--detach', this.#device]);
  }
}

/** All at the same moment. */
export function cutPower(disks: readonly PowerDisk[]): void {
  execFileSync('python3', [SHUTDOWN, ...disks.map(({ mountpoint }) => mountpoint)]);
}

/** Why power cannot be cut here, or null. */
export function unlessPowerCuts(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'cutting the power of a disk needs root on Linux';
  const dir = mkdtempSync(join(tmpdir(), 'sluice-cut-'));
  try {
    execFileSync('unshare', ['-m', 'true'], { stdio: 'pipe' });
    const disk = new PowerDisk(dir, 'disk', 16 * 2 ** 20);
    try {
      cutPower([disk]);
    } finally {
      // Nothing holds a file there.
      spawnSync('umount', [disk.mountpoint], { stdio: 'ignore' });
      void disk.remove();
    }
    return null;
  } catch (error) {
    return `no ext4 on a loop device can be shut down here (${(error as Error).message.trim()})`;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** As the kernel may at any time; nothing where there is no such file any more. */
export function syncPath(path: string): void {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch {
    // Moved or removed meanwhile.
    return;
  }
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
