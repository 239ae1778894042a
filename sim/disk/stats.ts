import type { Inode } from './inode.ts';

/** What `stat` says of an inode. */
export interface StatValues {
  dev: number;
  ino: number;
  mode: number;
  nlink: number;
  size: number;
  blocks: number;
  mtimeMs: number;
  birthtimeMs: number;
  kind: 'file' | 'dir';
}

const DIRECTORY = 0o040000;
const REGULAR = 0o100000;

export function statValues(device: number, inode: Inode): StatValues {
  const { number: ino, kind, mode, size, modifiedMs: mtimeMs, bornMs: birthtimeMs } = inode;
  const type = kind === 'dir' ? DIRECTORY : REGULAR;
  const nlink = kind === 'dir' ? 2 : inode.links;
  const blocks = Math.ceil(size / 4096) * 8;
  return { dev: device, ino, mode: type | mode, nlink, size, blocks, mtimeMs, birthtimeMs, kind };
}

/** As Node's Stats and BigIntStats. */
export function statsOf(values: StatValues, options?: { bigint?: boolean }): object {
  const { kind, ...numbers } = values;
  const methods = {
    isFile: () => kind === 'file',
    isDirectory: () => kind === 'dir',
    isSymbolicLink: () => false,
  };
  if (options?.bigint !== true) {
    return {
      ...numbers,
      mtime: new Date(values.mtimeMs),
      birthtime: new Date(values.birthtimeMs),
      ...methods,
    };
  }
  const big = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, BigInt(value)]));
  return {
    ...big,
    // Accesses are not recorded, as with `noatime`.
    atimeNs: BigInt(values.birthtimeMs) * 1_000_000n,
    mtimeNs: BigInt(values.mtimeMs) * 1_000_000n,
    birthtimeNs: BigInt(values.birthtimeMs) * 1_000_000n,
    ...methods,
  };
}
