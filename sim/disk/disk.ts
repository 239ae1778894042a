/** The files of the simulated machine: mounts, paths, and the system calls, each done at once or failing with its errno. */
import type { Random } from '../world/random.ts';
import type { Scheduler } from '../world/scheduler.ts';
import { Errno } from './errno.ts';
import type { FileSystem } from './file-system.ts';
import type { Inode } from './inode.ts';
import { Mounts, type Place } from './mounts.ts';
import { type StatValues, statValues } from './stats.ts';

export interface OpenFlags {
  read: boolean;
  write: boolean;
  create: boolean;
  exclusive: boolean;
  truncate: boolean;
  append: boolean;
}

/** An open file, as a process holds it. */
export interface OpenFile {
  fs: FileSystem;
  inode: Inode;
  path: string;
  flags: OpenFlags;
  position: number;
  generation: number;
  isClosed: boolean;
}

export class Disk extends Mounts {
  readonly #scheduler: Scheduler;
  readonly #random: Random;
  #wallOffset: () => number;

  /** @param wallOffset ms since 1970 at the scheduler's 0 */
  constructor(scheduler: Scheduler, random: Random, wallOffset: () => number) {
    super();
    this.#scheduler = scheduler;
    this.#random = random;
    this.#wallOffset = wallOffset;
  }

  get nowMs(): number {
    return Math.floor(this.#wallOffset() + this.#scheduler.now);
  }

  open(path: string, flags: OpenFlags, mode: number): OpenFile {
    const place = this.place(path, 'open');
    let { inode } = place;
    if (inode !== null && flags.exclusive) throw new Errno('EEXIST', 'open', path);
    if (inode?.kind === 'dir' && flags.write) throw new Errno('EISDIR', 'open', path);
    if (inode === null) {
      if (!flags.create) throw new Errno('ENOENT', 'open', path);
      this.#mayChange(place.fs, 'open', path);
      inode = this.#create(place, 'file', mode);
    } else if (flags.write) {
      this.#mayChange(place.fs, 'open', path);
      if (flags.truncate) place.fs.truncate(inode, 0, this.nowMs);
    }
    inode.handles++;
    const { fs } = place;
    return { fs, inode, path, flags, position: 0, generation: fs.generation, isClosed: false };
  }

  close(file: OpenFile): void {
    if (file.isClosed) throw new Errno('EBADF', 'close', file.path);
    file.isClosed = true;
    if (file.generation === file.fs.generation) file.fs.closed(file.inode);
  }

  read(file: OpenFile, into: Uint8Array, position: number | null): number {
    this.#use(file, 'read');
    if (file.inode.kind === 'dir') throw new Errno('EISDIR', 'read', file.path);
    if (!file.flags.read) throw new Errno('EBADF', 'read', file.path);
    const from = position ?? file.position;
    const bytes = file.inode.data.subarray(from, from + into.length);
    into.set(bytes);
    if (position === null) file.position += bytes.length;
    return bytes.length;
  }

  /** @returns how many bytes were written: fewer where there is no more room */
  write(file: OpenFile, bytes: Uint8Array, position: number | null): number {
    this.#use(file, 'write');
    if (!file.flags.write) throw new Errno('EBADF', 'write', file.path);
    if (file.fs.faults.isReadOnly) throw new Errno('EROFS', 'write', file.path);
    if (bytes.length === 0) return 0;
    const { fs, inode } = file;
    const at = file.flags.append ? inode.size : (position ?? file.position);
    const room = Math.ceil(inode.size / 4096) * 4096 + fs.free - at;
    if (room <= 0) throw new Errno('ENOSPC', 'write', file.path);
    const written = Math.min(bytes.length, room);
    fs.write(inode, bytes.subarray(0, written), at, this.nowMs);
    if (position === null || file.flags.append) file.position = at + written;
    return written;
  }

  /** @param modifiedMs since 1970, whole */
  setModified(file: OpenFile, modifiedMs: number): void {
    this.#use(file, 'futime');
    this.#mayChange(file.fs, 'futime', file.path);
    file.inode.modifiedMs = modifiedMs;
  }

  truncateFile(file: OpenFile, size: number): void {
    this.#use(file, 'ftruncate');
    this.#mayChange(file.fs, 'ftruncate', file.path);
    file.fs.truncate(file.inode, size, this.nowMs);
  }

  /** What a sync that begins now has to put on the platter. @returns does it, once it is over */
  beginSync(file: OpenFile, syscall: 'fsync' | 'fdatasync'): () => void {
    const { fs, inode } = file;
    const [changes, writes, size] = [fs.changeCount, inode.writes, inode.size];
    return () => {
      this.#use(file, syscall);
      if (inode.kind === 'file' && fs.faults.failingSyncs > 0) {
        fs.faults.failingSyncs--;
        inode.loseDirty();
        throw new Errno('EIO', syscall, file.path);
      }
      if (inode.kind === 'dir') fs.syncDir(inode, changes);
      else fs.syncFile(inode, writes, size);
    };
  }

  statFile(file: OpenFile): StatValues {
    this.#use(file, 'fstat');
    return this.#stats(file.fs, file.inode);
  }

  stat(path: string, syscall: 'stat' | 'lstat' = 'stat'): StatValues {
    const { fs, inode } = this.existing(path, syscall);
    return this.#stats(fs, inode);
  }

  isThere(path: string): boolean {
    try {
      this.existing(path, 'access');
      return true;
    } catch {
      return this.kernelFiles.has(path);
    }
  }

  access(path: string): void {
    const { fs } = this.existing(path, 'access');
    if (fs.faults.isReadOnly) throw new Errno('EROFS', 'access', path);
    if (fs.faults.isDenied) throw new Errno('EACCES', 'access', path);
  }

  readdir(path: string, syscall = 'scandir'): { name: string; inode: Inode }[] {
    const { fs, inode } = this.existing(path, syscall);
    if (inode.kind !== 'dir') throw new Errno('ENOTDIR', syscall, path);
    this.#mayFail(fs, syscall, path);
    const found = [...inode.entries].map(([name, entry]) => ({ name, inode: entry }));
    // Folders have no order.
    return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  mkdir(path: string, mode: number): void {
    const place = this.place(path, 'mkdir');
    if (place.inode !== null) throw new Errno('EEXIST', 'mkdir', path);
    this.#mayChange(place.fs, 'mkdir', path);
    this.#create(place, 'dir', mode);
  }

  rmdir(path: string): void {
    const { fs, dir, name, inode } = this.place(path, 'rmdir');
    if (inode === null) throw new Errno('ENOENT', 'rmdir', path);
    if (inode.kind !== 'dir') throw new Errno('ENOTDIR', 'rmdir', path);
    if (inode.entries.size > 0) throw new Errno('ENOTEMPTY', 'rmdir', path);
    this.#mayChange(fs, 'rmdir', path);
    fs.rename([{ dir, name, to: null }], this.nowMs);
  }

  unlink(path: string): void {
    const { fs, dir, name, inode } = this.place(path, 'unlink');
    if (inode === null) throw new Errno('ENOENT', 'unlink', path);
    if (inode.kind === 'dir') throw new Errno('EISDIR', 'unlink', path);
    this.#mayChange(fs, 'unlink', path);
    fs.rename([{ dir, name, to: null }], this.nowMs);
  }

  link(from: string, to: string): void {
    const source = this.existing(from, 'link');
    const target = this.place(to, 'link');
    if (source.inode.kind === 'dir') throw new Errno('EPERM', 'link', from);
    if (target.inode !== null) throw new Errno('EEXIST', 'link', to);
    if (source.fs !== target.fs) throw new Errno('EXDEV', 'link', to);
    if (!source.fs.faults.hasLinks) throw new Errno('EPERM', 'link', to);
    this.#mayChange(source.fs, 'link', to);
    source.fs.rename([{ dir: target.dir, name: target.name, to: source.inode }], this.nowMs);
  }

  rename(from: string, to: string): void {
    const source = this.place(from, 'rename');
    const { fs, inode } = source;
    if (inode === null) throw new Errno('ENOENT', 'rename', from);
    const target = this.place(to, 'rename');
    if (fs !== target.fs) throw new Errno('EXDEV', 'rename', from);
    if (target.inode === inode) return;
    if (target.inode !== null && inode.kind === 'dir') {
      if (target.inode.kind !== 'dir') throw new Errno('ENOTDIR', 'rename', from);
      if (target.inode.entries.size > 0) throw new Errno('ENOTEMPTY', 'rename', from);
    }
    if (target.inode?.kind === 'dir' && inode.kind === 'file') throw new Errno('EISDIR', 'rename', from);
    this.#mayChange(fs, 'rename', from);
    fs.rename(
      [
        { dir: target.dir, name: target.name, to: inode },
        { dir: source.dir, name: source.name, to: null },
      ],
      this.nowMs,
    );
  }

  statfs(path: string): { type: number; bsize: number; blocks: number; bfree: number; bavail: number } {
    const { fs } = this.existing(path, 'statfs');
    const blocks = (bytes: number): number => Math.floor(bytes / 4096);
    return {
      type: 0xef53,
      bsize: 4096,
      blocks: blocks(fs.capacity),
      bfree: blocks(fs.free),
      bavail: blocks(fs.free),
    };
  }

  #create({ fs, dir, name }: Place, kind: 'file' | 'dir', mode: number): Inode {
    if (fs.free < 4096) throw new Errno('ENOSPC', 'open', name);
    const inode = fs.create(kind, mode, this.nowMs);
    fs.rename([{ dir, name, to: inode }], this.nowMs);
    return inode;
  }

  #use(file: OpenFile, syscall: string): void {
    if (file.isClosed) throw new Errno('EBADF', syscall, file.path);
    if (file.generation !== file.fs.generation) throw new Errno('EIO', syscall, file.path);
    this.#mayFail(file.fs, syscall, file.path);
  }

  #mayChange(fs: FileSystem, syscall: string, path: string): void {
    if (fs.faults.isReadOnly) throw new Errno('EROFS', syscall, path);
    if (fs.faults.isDenied) throw new Errno('EACCES', syscall, path);
    this.#mayFail(fs, syscall, path);
  }

  #mayFail({ faults: { ioErrors } }: FileSystem, syscall: string, path: string): void {
    if (ioErrors > 0 && this.#random.chance(ioErrors)) throw new Errno('EIO', syscall, path);
  }

  #stats(fs: FileSystem, inode: Inode): StatValues {
    return statValues(fs.device, inode);
  }
}
