/**
 * Runs of fragments in a track of fragmented MP4, each with its own initialisation part (RFC 8216, section 4.3.2.5), as where a
 * film is interrupted by advertisements. A player of the file knows one such part only.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { SluiceError } from '../../../protocol/error.ts';

export interface Mp4Run {
  /** Bytes [start, end) of the track. */
  start: number;
  end: number;
  /** Bytes of the initialisation part. */
  initialisation: Buffer;
}

interface Box {
  type: string;
  start: number;
  end: number;
}

/** Of an initialisation part; those of films have some kB. */
const MAX_INITIALISATION_BYTES = 4 * 1024 * 1024;

/**
 * Reads the heads of the boxes alone.
 * @param path of a file that begins as MP4
 * @throws SluiceError `not_media` if a box is cut or is none
 */
export async function runsOf(path: string): Promise<Mp4Run[]> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const runs: Mp4Run[] = [];
    /** Where the part begins whose `moov` comes next. */
    let start = 0;
    let before: Box | null = null;
    for (let at = 0; at < size;) {
      const box = await boxAt(handle, at, size);
      if (box.type === 'ftyp') start = at;
      if (box.type === 'moov') {
        if (before?.type !== 'ftyp') start = runs.length === 0 ? 0 : at;
        const last = runs.at(-1);
        if (last) last.end = start;
        const bytes = Math.min(box.end - start, MAX_INITIALISATION_BYTES);
        const { buffer } = await handle.read(Buffer.alloc(bytes), 0, bytes, start);
        runs.push({ start, end: size, initialisation: buffer });
      }
      before = box;
      at = box.end;
    }
    return runs;
  } finally {
    await handle.close();
  }
}

async function boxAt(handle: FileHandle, start: number, size: number): Promise<Box> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, start);
  const short = bytesRead >= 8 ? buffer.readUInt32BE(0) : -1;
  const bytes =
    short === 0 ? size - start : short === 1 && bytesRead === 16 ? Number(buffer.readBigUInt64BE(8)) : short;
  if (bytes < 8 || start + bytes > size)
    throw new SluiceError('not_media', 'A fragment of the stream is cut, or is not MP4.');
  return { type: buffer.toString('latin1', 4, 8), start, end: start + bytes };
}
