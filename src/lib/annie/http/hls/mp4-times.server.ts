/** How long each fragment of MP4 of a track plays. Only heads of boxes are read here; what they hold is read by a reader. */
import { open } from 'node:fs/promises';
import type { Mp4Track } from '../../../foreign/mp4/times.ts';
import type { Readers } from '../../../foreign/port.ts';
import { SluiceError } from '../../../protocol/error.ts';
import { boxAt } from './mp4-runs.server.ts';
import type { Timing } from './played-time.ts';

/** Of one fragment: 10 s in pieces of one picture have some 1,200. */
const MAX_BOXES = 4_000;
/** Of their heads: 16 bytes a sample, so that 10 s at 120 pictures a second with sound have 30 kB. */
const MAX_BYTES = 4 * 1024 * 1024;

export class Mp4Times {
  readonly #readers: Readers | null;
  readonly #signal: AbortSignal;
  /** Of the initialisation part of what comes next; null = unknown. */
  tracks: Mp4Track[] | null;

  /** @param readers null = nothing is read, and no length is known */
  constructor(readers: Readers | null, signal: AbortSignal, tracks: readonly Mp4Track[] | null) {
    this.#readers = readers;
    this.#signal = signal;
    this.tracks = tracks === null ? null : [...tracks];
  }

  /** Null = unknown. To be called in the order of the fragments. @throws the errno of the disk, the signal's reason */
  async timingOf(path: string): Promise<Timing | null> {
    try {
      const chunks = this.#readers === null ? null : await headsIn(path);
      if (this.#readers === null || chunks === null) return null;
      const input = { chunks, tracks: this.tracks };
      const { tracks, seconds, spans } = await this.#readers.read('mp4-times', input, this.#signal);
      this.tracks = tracks;
      // Its boxes are whole: one that is cut is refused.
      return seconds === null ? null : { seconds, spans, isCut: false };
    } catch (thrown) {
      this.#signal.throwIfAborted();
      // Cut or odd boxes: `mp4-runs.server.ts` refuses what cannot be played.
      if (thrown instanceof SluiceError) return null;
      throw thrown;
    }
  }
}

/** The boxes that say what is where; null = there are too many. @throws SluiceError `not_media` */
async function headsIn(path: string): Promise<Uint8Array[] | null> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for (let at = 0, boxes = 1; at < size; boxes++) {
      const { type, end } = await boxAt(handle, at, size);
      if (type === 'moov' || type === 'moof') {
        bytes += end - at;
        if (bytes > MAX_BYTES) return null;
        const { buffer } = await handle.read(Buffer.alloc(end - at), 0, end - at, at);
        chunks.push(buffer);
      }
      if (boxes > MAX_BOXES) return null;
      at = end;
    }
    return chunks;
  } finally {
    await handle.close();
  }
}
