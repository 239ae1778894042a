import { constants } from 'node:fs';
import type { OpenFlags } from './disk.ts';

const { O_WRONLY, O_RDWR, O_CREAT, O_EXCL, O_TRUNC, O_APPEND } = constants;

const BY_TEXT: Record<string, number> = {
  r: 0,
  'r+': O_RDWR,
  w: O_WRONLY | O_CREAT | O_TRUNC,
  wx: O_WRONLY | O_CREAT | O_TRUNC | O_EXCL,
  'w+': O_RDWR | O_CREAT | O_TRUNC,
  'wx+': O_RDWR | O_CREAT | O_TRUNC | O_EXCL,
  a: O_WRONLY | O_CREAT | O_APPEND,
  ax: O_WRONLY | O_CREAT | O_APPEND | O_EXCL,
  'a+': O_RDWR | O_CREAT | O_APPEND,
};

/** As `open` takes them. */
export function flagsOf(flags: string | number = 'r'): OpenFlags {
  const bits = typeof flags === 'number' ? flags : BY_TEXT[flags];
  if (bits === undefined) throw new TypeError(`Unknown flags ${flags}.`);
  const isWriteOnly = (bits & O_WRONLY) !== 0;
  return {
    read: !isWriteOnly,
    write: isWriteOnly || (bits & O_RDWR) !== 0,
    create: (bits & O_CREAT) !== 0,
    exclusive: (bits & O_EXCL) !== 0,
    truncate: (bits & O_TRUNC) !== 0,
    append: (bits & O_APPEND) !== 0,
  };
}

export type Data = string | Uint8Array;

export function bytesOf(data: Data): Uint8Array {
  return typeof data === 'string' ? Buffer.from(data) : data;
}

export type Encoding =
  BufferEncoding | { encoding?: BufferEncoding | null; flag?: string } | null | undefined;

export function decoded(bytes: Buffer, encoding: Encoding): string | Buffer {
  const name = typeof encoding === 'string' ? encoding : encoding?.encoding;
  return name == null ? bytes : bytes.toString(name);
}
