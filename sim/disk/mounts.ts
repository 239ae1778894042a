/** Which file system holds a path, and what is there. */
import { Errno } from './errno.ts';
import type { FileSystem } from './file-system.ts';
import type { Inode } from './inode.ts';

export interface Mount {
  point: string;
  fs: FileSystem;
  id: number;
}

export interface Place {
  fs: FileSystem;
  dir: Inode;
  name: string;
  inode: Inode | null;
}

export class Mounts {
  readonly mounts: Mount[] = [];
  /** Files of the kernel, by path. */
  readonly kernelFiles = new Map<string, () => string>();
  #mountCount = 20;

  constructor() {
    this.kernelFiles.set('/proc/self/mountinfo', () =>
      this.mounts
        .map(({ point, fs, id }) => `${id} 1 8:${fs.device} / ${point} rw - ext4 /dev/sim${fs.device} rw`)
        .join('\n'),
    );
  }

  mount(point: string, fs: FileSystem): void {
    this.mounts.push({ point, fs, id: this.#mountCount++ });
  }

  unmount(point: string): void {
    this.mounts.splice(
      this.mounts.findIndex((mount) => mount.point === point),
      1,
    );
  }

  /** The file system that holds a path, and its inode; null = there is no such file. */
  find(path: string): { fs: FileSystem; dir: Inode; name: string; inode: Inode | null } | null {
    try {
      return this.place(path, 'stat');
    } catch {
      return null;
    }
  }

  protected existing(path: string, syscall: string): { fs: FileSystem; inode: Inode } {
    const { fs, inode } = this.place(path, syscall);
    if (inode === null) throw new Errno('ENOENT', syscall, path);
    return { fs, inode };
  }

  /** The folder and name that a path leads to. */
  protected place(path: string, syscall: string): Place {
    if (!path.startsWith('/')) throw new Errno('ENOENT', syscall, path);
    let mount: Mount | null = null;
    for (const each of this.mounts) {
      const holds = each.point === '/' || path === each.point || path.startsWith(`${each.point}/`);
      if (holds && (mount === null || each.point.length >= mount.point.length)) mount = each;
    }
    if (mount === null) throw new Errno('ENOENT', syscall, path);
    const { fs } = mount;
    const parts = path
      .slice(mount.point.length)
      .split('/')
      .filter((part) => part !== '');
    const name = parts.pop();
    if (name === undefined) return { fs, dir: fs.root, name: '', inode: fs.root };
    let dir = fs.root;
    for (const part of parts) {
      const next = dir.entries.get(part);
      if (next === undefined) throw new Errno('ENOENT', syscall, path);
      if (next.kind !== 'dir') throw new Errno('ENOTDIR', syscall, path);
      dir = next;
    }
    return { fs, dir, name, inode: dir.entries.get(name) ?? null };
  }
}
