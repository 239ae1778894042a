/** node:fs over the simulated disk: the calls that return when they are done. */
import type { Calls } from './calls.ts';
import type { OpenFile } from './disk.ts';
import { Errno } from './errno.ts';
import { bytesOf, type Data, decoded, type Encoding, flagsOf } from './flags.ts';
import { statsOf } from './stats.ts';

interface StatOptions {
  bigint?: boolean;
  throwIfNoEntry?: boolean;
}

export const FS_SYNC_NAMES = [
  'openSync',
  'closeSync',
  'writeFileSync',
  'readFileSync',
  'fsyncSync',
  'fdatasyncSync',
  'existsSync',
  'accessSync',
  'statSync',
  'lstatSync',
  'readdirSync',
  'renameSync',
  'linkSync',
  'unlinkSync',
  'mkdirSync',
  'readSync',
  'fstatSync',
];

export function createFsSync(calls: Calls): Record<string, unknown> {
  const { disk } = calls;
  const files = new Map<number, OpenFile>();
  let lastDescriptor = 2;
  const fileOf = (fd: number): OpenFile => {
    const file = files.get(fd);
    if (file === undefined) throw new Errno('EBADF', 'fstat', String(fd));
    return file;
  };

  function openSync(path: string, flags?: string | number, mode = 0o666): number {
    const file = calls.now('open', path, () => disk.open(path, flagsOf(flags), mode));
    files.set(++lastDescriptor, file);
    return lastDescriptor;
  }

  function closeSync(fd: number): void {
    const file = fileOf(fd);
    files.delete(fd);
    calls.now('close', file.path, () => disk.close(file));
  }

  function syncSync(fd: number, syscall: 'fsync' | 'fdatasync'): void {
    const file = fileOf(fd);
    calls.now(syscall, file.path, disk.beginSync(file, syscall));
  }

  function writeFileSync(
    path: string,
    data: Data,
    options: { flag?: string; mode?: number; flush?: boolean } = {},
  ): void {
    const fd = openSync(path, options.flag ?? 'w', options.mode);
    try {
      const bytes = bytesOf(data);
      for (let at = 0; at < bytes.length;) {
        at += calls.now('write', path, () => disk.write(fileOf(fd), bytes.subarray(at), null));
      }
      if (options.flush === true) syncSync(fd, 'fsync');
    } finally {
      closeSync(fd);
    }
  }

  function readFileSync(path: string, encoding?: Encoding): string | Buffer {
    const kernelFile = disk.kernelFiles.get(path);
    if (kernelFile !== undefined) return decoded(Buffer.from(kernelFile()), encoding);
    const fd = openSync(path, 'r');
    try {
      const file = fileOf(fd);
      const buffer = Buffer.alloc(file.inode.size);
      calls.now('read', path, () => disk.read(file, buffer, 0));
      return decoded(buffer, encoding);
    } finally {
      closeSync(fd);
    }
  }

  const stat =
    (syscall: 'stat' | 'lstat') =>
    (path: string, options: StatOptions = {}) => {
      try {
        return statsOf(
          calls.now(syscall, path, () => disk.stat(path, syscall)),
          options,
        );
      } catch (thrown) {
        if (options.throwIfNoEntry === false && (thrown as Errno).code === 'ENOENT') return undefined;
        throw thrown;
      }
    };

  return {
    openSync,
    closeSync,
    writeFileSync,
    readFileSync,
    fsyncSync: (fd: number) => syncSync(fd, 'fsync'),
    fdatasyncSync: (fd: number) => syncSync(fd, 'fdatasync'),
    existsSync: (path: string) => disk.isThere(path),
    accessSync: (path: string) => calls.now('access', path, () => disk.access(path)),
    statSync: stat('stat'),
    lstatSync: stat('lstat'),
    readdirSync: (path: string) =>
      calls.now('scandir', path, () => disk.readdir(path).map(({ name }) => name)),
    renameSync: (from: string, to: string) =>
      calls.now('rename', `${from} ${to}`, () => disk.rename(from, to)),
    linkSync: (from: string, to: string) => calls.now('link', `${from} ${to}`, () => disk.link(from, to)),
    unlinkSync: (path: string) => calls.now('unlink', path, () => disk.unlink(path)),
    mkdirSync: (path: string, { mode = 0o777 }: { mode?: number } = {}) =>
      calls.now('mkdir', path, () => disk.mkdir(path, mode)),
    readSync: (
      fd: number,
      into: Uint8Array,
      offset = 0,
      length = into.length,
      position: number | null = null,
    ) =>
      calls.now('read', fileOf(fd).path, () =>
        disk.read(fileOf(fd), into.subarray(offset, offset + length), position),
      ),
    fstatSync: (fd: number, options: StatOptions = {}) => statsOf(disk.statFile(fileOf(fd)), options),
  };
}
