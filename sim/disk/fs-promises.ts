/** node:fs/promises over the simulated disk. What Node does in several system calls takes as many here. */
import type { Calls } from './calls.ts';
import { bytesOf, type Data, decoded, type Encoding, flagsOf } from './flags.ts';
import { SimFileHandle } from './handle.ts';
import { statsOf } from './stats.ts';

interface WriteOptions {
  mode?: number;
  flag?: string;
  flush?: boolean;
}

interface RmOptions {
  recursive?: boolean;
  force?: boolean;
}

const isErrno = (thrown: unknown, code: string): boolean => (thrown as { code?: string }).code === code;

export const FS_PROMISES_NAMES = [
  'open',
  'writeFile',
  'readFile',
  'rm',
  'unlink',
  'rmdir',
  'readdir',
  'link',
  'rename',
  'mkdir',
  'stat',
  'lstat',
  'statfs',
  'access',
  'realpath',
  'truncate',
  'appendFile',
  'opendir',
];

export function createFsPromises(calls: Calls): Record<string, unknown> {
  const { disk } = calls;

  async function open(path: string, flags?: string | number, mode = 0o666): Promise<SimFileHandle> {
    const file = await calls.later('open', path, () => disk.open(path, flagsOf(flags), mode));
    return new SimFileHandle(calls, file);
  }

  async function using<T>(
    path: string,
    flags: string,
    mode: number,
    work: (handle: SimFileHandle) => Promise<T>,
  ): Promise<T> {
    const handle = await open(path, flags, mode);
    try {
      return await work(handle);
    } finally {
      await handle.close();
    }
  }

  async function writeFile(path: string, data: Data, options: WriteOptions = {}): Promise<void> {
    const { flag = 'w', mode = 0o666, flush = false } = options;
    await using(path, flag, mode, async (handle) => {
      await handle.writeFile(bytesOf(data));
      if (flush) await handle.sync();
    });
  }

  async function readFile(path: string, encoding?: Encoding): Promise<string | Buffer> {
    const kernelFile = disk.kernelFiles.get(path);
    if (kernelFile !== undefined) {
      return decoded(Buffer.from(await calls.later('read', path, kernelFile)), encoding);
    }
    return using(path, 'r', 0, (handle) => handle.readFile(encoding));
  }

  async function rm(path: string, options: RmOptions = {}): Promise<void> {
    try {
      const { kind } = await calls.later('lstat', path, () => disk.stat(path, 'lstat'));
      if (kind === 'file') return await unlink(path);
      if (options.recursive !== true)
        throw Object.assign(new Error('Path is a directory'), { code: 'ERR_FS_EISDIR' });
      for (const name of await readdir(path)) await rm(`${path}/${name}`, options);
      await rmdir(path);
    } catch (thrown) {
      if (!(options.force === true && isErrno(thrown, 'ENOENT'))) throw thrown;
    }
  }

  const unlink = (path: string): Promise<void> => calls.later('unlink', path, () => disk.unlink(path));
  const rmdir = (path: string): Promise<void> => calls.later('rmdir', path, () => disk.rmdir(path));
  const readdir = (path: string): Promise<string[]> =>
    calls.later('scandir', path, () => disk.readdir(path).map(({ name }) => name));

  return {
    open,
    writeFile,
    readFile,
    rm,
    unlink,
    rmdir,
    readdir,
    link: (from: string, to: string) => calls.later('link', `${from} ${to}`, () => disk.link(from, to)),
    rename: (from: string, to: string) => calls.later('rename', `${from} ${to}`, () => disk.rename(from, to)),
    mkdir: (path: string, { mode = 0o777 }: { mode?: number } = {}) =>
      calls.later('mkdir', path, () => disk.mkdir(path, mode)),
    stat: async (path: string, options?: { bigint?: boolean }) =>
      statsOf(await calls.later('stat', path, () => disk.stat(path)), options),
    lstat: async (path: string, options?: { bigint?: boolean }) =>
      statsOf(await calls.later('lstat', path, () => disk.stat(path, 'lstat')), options),
    statfs: (path: string) => calls.later('statfs', path, () => disk.statfs(path)),
    access: (path: string) => calls.later('access', path, () => disk.access(path)),
    realpath: (path: string) => calls.later('realpath', path, () => (disk.stat(path), path)),
    truncate: (path: string, size = 0) => using(path, 'r+', 0, (handle) => handle.truncate(size)),
    appendFile: (path: string, data: Data) => writeFile(path, data, { flag: 'a' }),
    async opendir(path: string) {
      const entries = await calls.later('opendir', path, () =>
        disk.readdir(path, 'opendir').map(({ name, inode: { kind } }) => ({
          name,
          isDirectory: () => kind === 'dir',
          isFile: () => kind === 'file',
        })),
      );
      return (async function* () {
        for (const entry of entries) yield entry;
      })();
    },
  };
}
