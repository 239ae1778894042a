/**
 * Runs of fragments in a track of fragmented MP4, each with its own initialisation part (RFC 8216, section 4.3.2.5), as where a
 * stream is interrupted by advertisements. A player of the file knows one such part only.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { SluiceError } from '../../../protocol/error.ts';

export interface Mp4Run {
  /** Bytes [start, end) of the track. */
  start: number;
  end: number;
}

interface Mp4Runs {
  runs: Mp4Run[];
  /** All have the same initialisation part. */
  areAlike: boolean;
}

interface Box {
  type: string;
  start: number;
  end: number;
}

/** Of an initialisation part; those of streams have some kB. */
const MAX_INITIALISATION_BYTES = 4 * 1024 * 1024;
/** More than an ad break each minute for a day; each is a process. */
const MAX_RUNS = 1_500;
/** Fragments of a second have some five boxes, so this is a day and a half. Each is a read. */
const MAX_BOXES = 600_000;

/**
 * Reads the heads of the boxes alone.
 * @param path of a file that begins as MP4
 * @throws SluiceError `not_media` if a box is cut or is none, `too_complex`; the signal's reason
 */
export async function runsOf(path: string, signal: AbortSignal): Promise<Mp4Runs> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const runs: Mp4Run[] = [];
    /** Where the part begins whose `moov` comes next; null = there. */
    let begin: number | null = 0;
    let first: Buffer | null = null;
    let areAlike = true;
    for (let at = 0, boxes = 1; at < size; boxes++) {
      signal.throwIfAborted();
      if (boxes > MAX_BOXES) throw new SluiceError('too_complex', 'The stream has too many MP4 boxes.');
      const box = await boxAt(handle, at, size);
      if (box.type === 'ftyp' && runs.length > 0) begin = at;
      if (box.type === 'moov') {
        const start: number = begin ?? at;
        begin = null;
        const last = runs.at(-1);
        if (last) last.end = start;
        const bytes = Math.min(box.end - start, MAX_INITIALISATION_BYTES);
        const { buffer } = await handle.read(Buffer.alloc(bytes), 0, bytes, start);
        first ??= buffer;
        areAlike &&= buffer.equals(first);
        runs.push({ start, end: size });
        if (runs.length > MAX_RUNS)
          throw new SluiceError('too_complex', `The stream changes its encoding over ${MAX_RUNS} times.`);
      }
      at = box.end;
    }
    return { runs, areAlike };
  } finally {
    await handle.close();
  }
}

/** Whether a fragment holds an initialisation part. @throws as `runsOf` */
export async function hasInitialisation(path: string): Promise<boolean> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    for (let at = 0, boxes = 1; at < size; boxes++) {
      const box = await boxAt(handle, at, size);
      if (box.type === 'moov') return true;
      if (boxes === MAX_BOXES) throw new SluiceError('too_complex', 'The stream has too many MP4 boxes.');
      at = box.end;
    }
    return false;
  } finally {
    await handle.close();
  }
}

/** @throws SluiceError `not_media` if the box is cut, or is none */
export async function boxAt(handle: FileHandle, start: number, size: number): Promise<Box> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, start);
  const short = bytesRead >= 8 ? buffer.readUInt32BE(0) : -1;
  const bytes =
    short === 0 ? size - start : short === 1 && bytesRead === 16 ? Number(buffer.readBigUInt64BE(8)) : short;
  if (bytes < 8 || start + bytes > size)
    throw new SluiceError('not_media', 'A fragment of the stream is cut, or is not MP4.');
  return { type: buffer.toString('latin1', 4, 8), start, end: start + bytes };
}
