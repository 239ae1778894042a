/** The port through which finished files are read: nobody outside this folder joins a path below the download folder. */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Readable } from 'node:stream';
import { SluiceError } from '../protocol/error.ts';
import { hasMark } from './file-mark.ts';
import type { LandedFile } from './landed-file.ts';

/** Larger than Node's default of 64 KiB, at which the stream costs more than the reading. */
const READ_BYTES = 256 * 1024;

/** Exactly one of `read` and `close` has to be called. */
export interface OpenLandedFile {
  bytes: number;
  /** Another text for another file, and for the same one once it was changed. */
  version: string;
  modified: Date;
  /** The bytes from `first` to `last`, both inclusive. Closes the file at the end, or when it is destroyed. */
  read(first: number, last: number): Readable;
  close(): Promise<void>;
}

export class Files {
  readonly #dir: string;

  /** @param dir the download folder */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /**
   * Opens the file that landed; another one under its name is not opened. Its range is chosen afterwards, because whether
   * a client's range applies depends on the version that was opened.
   * @throws SluiceError `file_missing`, also when it was cut; `disk_denied`; `disk_missing` for the root of another disk
   */
  async open(file: LandedFile): Promise<OpenLandedFile> {
    if (file.root !== null) throw new SluiceError('disk_missing');
    const handle = await openWithin(this.#dir, file.path);
    try {
      const stats = await handle.stat();
      if (!stats.isFile() || !isMarkedFile(stats, file.mark)) throw new SluiceError('file_missing');
      if (stats.size < file.bytes) throw tooShort(stats.size, file.bytes);
      return opened(handle, stats);
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
  }

  /** What the file takes on the disk; 0 = it was moved away or deleted, or another has its name. */
  async bytesOf({ root, path, mark }: LandedFile): Promise<number> {
    if (root !== null || !path.every(isName)) return 0;
    const stats = await lstat(join(this.#dir, ...path)).catch(() => null);
    return stats?.isFile() === true && isMarkedFile(stats, mark) ? stats.size : 0;
  }
}

function opened(handle: FileHandle, stats: Stats): OpenLandedFile {
  return {
    bytes: stats.size,
    version: versionOf(stats),
    modified: stats.mtime,
    read: (start, end) => handle.createReadStream({ start, end, highWaterMark: READ_BYTES, autoClose: true }),
    close: () => handle.close(),
  };
}

/** Never opens anything outside the folder: names only, and symbolic links are not followed. */
async function openWithin(dir: string, path: readonly string[]): Promise<FileHandle> {
  if (!path.every(isName)) throw new SluiceError('file_missing');
  try {
    // O_NOFOLLOW is only about the last name.
    for (let depth = 1; depth < path.length; depth++) {
      const folder = await lstat(join(dir, ...path.slice(0, depth)));
      if (!folder.isDirectory()) throw new SluiceError('file_missing');
    }
    return await open(join(dir, ...path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SluiceError(code === 'EACCES' ? 'disk_denied' : 'file_missing', undefined, { cause: error });
  }
}

function isName(name: string): boolean {
  return name !== '' && name !== '.' && name !== '..' && basename(name) === name;
}

function isMarkedFile({ ino, birthtimeMs, mtimeMs, size }: Stats, mark: string | null): boolean {
  if (mark === null) return true;
  const times = { bornMs: Math.floor(birthtimeMs), modifiedMs: Math.floor(mtimeMs) };
  return hasMark({ inode: String(ino), ...times, bytes: size }, mark);
}

/** Somebody cut it, or a power cut did before it was synced: half a video is not what was asked for. */
function tooShort(bytes: number, wanted: number): SluiceError {
  return new SluiceError('file_missing', `Only ${bytes} of the ${wanted} bytes of the file are left.`);
}

/** A replaced file has another inode; a changed one has another time or size. */
function versionOf({ ino, size, mtimeMs }: Stats): string {
  return [ino, size, Math.round(mtimeMs * 1000)].map((part) => part.toString(36)).join('-');
}
