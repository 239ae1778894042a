/**
 * Writes the body of one segment: bytes gather in blocks, and one block is written at a time while the next one fills.
 * A socket may read straight into the block (`reserve`, `commit`): one more copy of every byte costs a fifth of the CPU of
 * a fast download. Streams are copied (`push`).
 */
import type { FileHandle } from 'node:fs/promises';
import { SluiceError } from '../../../protocol/error.ts';
import { toDiskError } from '../../../files/disk-error.ts';
import { acquireBlock, MAX_BLOCK_BYTES, MIN_BLOCK_BYTES, releaseBlock } from './blocks.ts';
import { READ_PAUSE_MS } from './read-pacing.ts';
import { missingBytes, type Segment } from './segments.ts';

/**
 * How long bytes wait in a block that is not full. A kill loses them, and of a slow body also what gathers in the socket
 * between two reads (`READ_PAUSE_MS`): together no more than 0.2 s of transfer, and half of it on average.
 */
const MAX_WAIT_MS = 100;
/**
 * A MiB of small blocks, each full within this time after the one before, is followed by large ones; small blocks save
 * 30 MB at 32 slow downloads. A shorter run would not do: what piled up while the process was held up comes at once.
 */
const FAST_BLOCK_MS = 15;
const FAST_BLOCKS = MAX_BLOCK_BYTES / MIN_BLOCK_BYTES;
/** A body that fills less of a large block within the wait needs none: 1 MiB in 200 ms, 5 MB/s. */
const LARGE_BYTES_PER_MS = MAX_BLOCK_BYTES / 200;
/** A body at this rate or below is slow. Measured as a rate, since a block of 1 MiB takes long at 5 MB/s too. */
const SLOW_BYTES_PER_MS = 640;
/** With more bytes waiting to be written, the reader is asked to pause. */
const HIGH_WATER_BYTES = 4 * MAX_BLOCK_BYTES;

/** `full`: the segment has all its bytes. `wait`: pause until `drained`. */
export type WriteResult = 'more' | 'wait' | 'full';

interface FillingBlock {
  block: Buffer;
  /** Bytes before this are queued or written. */
  queued: number;
  filled: number;
  /** When its first byte came. */
  beganMs: number;
  /** When its first byte that is not queued came. */
  sinceMs: number;
}

interface PendingWrite {
  block: Buffer;
  from: number;
  to: number;
  /** The block is released after this write. */
  isLast: boolean;
}

export class SegmentWriter {
  readonly segment: Segment;
  readonly #handle: FileHandle;
  readonly #onError: (error: SluiceError) => void;
  readonly #beforeFirst: (segment: Segment) => Promise<void> | undefined;
  readonly #queue: PendingWrite[] = [];
  #filling: FillingBlock | null = null;
  #blockBytes = MIN_BLOCK_BYTES;
  #fastBlocks = 0;
  #isSlow = false;
  #lastFullMs: number | null = null;
  #waitingBytes = 0;
  #draining: Promise<void> | null = null;
  #failure: SluiceError | null = null;
  #hasWritten = false;
  #willWrite = false;
  /** Somebody may be writing into the block. */
  #isReserved = false;
  /** What came behind the end of the segment. */
  #behind: Buffer[] = [];
  #behindBytes = 0;

  /**
   * @param onError called once, with `disk_*`
   * @param beforeFirst awaited before the first byte is written
   */
  constructor(
    handle: FileHandle,
    segment: Segment,
    onError: (error: SluiceError) => void,
    beforeFirst: (segment: Segment) => Promise<void> | undefined = () => undefined,
  ) {
    this.#handle = handle;
    this.segment = segment;
    this.#onError = onError;
    this.#beforeFirst = beforeFirst;
  }

  /** The body comes fast enough for reading straight into a block to be worth it. */
  get isFast(): boolean {
    return this.#blockBytes === MAX_BLOCK_BYTES;
  }

  /** The body comes so slowly that its reader may let it gather for a moment. */
  get isSlow(): boolean {
    return this.#isSlow;
  }

  get behindBytes(): number {
    return this.#behindBytes;
  }

  /** Bytes of the body that followed the end of the segment, as another connection has taken what is there. */
  get behind(): Buffer {
    return Buffer.concat(this.#behind);
  }

  /** The same, to be pushed again: the segment has been extended. */
  takeBehind(): Buffer {
    const { behind } = this;
    [this.#behind, this.#behindBytes] = [[], 0];
    return behind;
  }

  /** Copies as much of `chunk` as the segment is missing. @throws SluiceError `disk_*` of an earlier write */
  push(chunk: Uint8Array, nowMs: number): WriteResult {
    let result: WriteResult = missingBytes(this.segment) === 0 ? 'full' : 'more';
    let at = 0;
    while (at < chunk.length && result !== 'full') {
      const free = this.reserve();
      const bytes = Math.min(free.length, chunk.length - at, missingBytes(this.segment));
      free.set(chunk.subarray(at, at + bytes));
      result = this.commit(bytes, nowMs);
      at += bytes;
    }
    this.#keepBehind(chunk.subarray(at));
    return result;
  }

  /** Where the next bytes may be put, never empty; valid until `commit` or `push`. */
  reserve(): Uint8Array {
    const { block, filled } = this.#current();
    this.#isReserved = true;
    return block.subarray(filled);
  }

  /** `bytes` were put at the start of what `reserve` returned. @throws SluiceError `disk_*` of an earlier write */
  commit(bytes: number, nowMs: number): WriteResult {
    this.#throwIfFailed();
    this.#isReserved = false;
    const filling = this.#current();
    // the segment may have become shorter since `reserve`
    const accepted = Math.min(bytes, missingBytes(this.segment));
    this.#keepBehind(filling.block.subarray(filling.filled + accepted, filling.filled + bytes));
    if (filling.filled === 0) filling.beganMs = nowMs;
    if (filling.filled === filling.queued) filling.sinceMs = nowMs;
    filling.filled += accepted;
    this.segment.received += accepted;
    this.#waitingBytes += accepted;
    if (filling.filled === filling.block.length) this.#finishBlock(filling, nowMs);
    else this.tick(nowMs);
    if (missingBytes(this.segment) === 0) return 'full';
    return this.#waitingBytes > HIGH_WATER_BYTES ? 'wait' : 'more';
  }

  /** Writes bytes that have waited long enough. */
  tick(nowMs: number): void {
    const filling = this.#filling;
    if (filling === null || filling.filled === filling.queued) return;
    const waitedMs = nowMs - filling.sinceMs;
    if (waitedMs < MAX_WAIT_MS) return;
    const bytes = filling.filled - filling.queued;
    if (bytes < waitedMs * LARGE_BYTES_PER_MS) {
      this.#blockBytes = MIN_BLOCK_BYTES;
      this.#fastBlocks = 0;
    }
    this.#isSlow = bytes <= waitedMs * SLOW_BYTES_PER_MS;
    this.#enqueue(false);
  }

  /**
   * To be called where a pause of reading begins: writes what waits since before the read that has just been handled. Two
   * reads make a write.
   */
  writeSoon(nowMs: number): void {
    const filling = this.#filling;
    if (this.#willWrite || filling === null || nowMs - filling.sinceMs < READ_PAUSE_MS / 2) return;
    this.#willWrite = true;
    // TLS delivers one read in several pieces.
    setImmediate(() => {
      this.#willWrite = false;
      if (this.#filling !== null && this.#filling.filled > this.#filling.queued) this.#enqueue(false);
    });
  }

  /** Resolves once half the high-water mark or less waits. @throws SluiceError `disk_*` */
  async drained(): Promise<void> {
    while (this.#waitingBytes > HIGH_WATER_BYTES / 2 && this.#failure === null)
      await (this.#draining ?? this.#drain());
    this.#throwIfFailed();
  }

  /** Resolves once everything is in the file. Nothing may be reserved afterwards. @throws SluiceError `disk_*` */
  async flush(): Promise<void> {
    this.#enqueue(true);
    while (this.#draining !== null) await this.#draining;
    this.#throwIfFailed();
  }

  #keepBehind(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#behind.push(Buffer.from(bytes));
    this.#behindBytes += bytes.length;
  }

  #current(): FillingBlock {
    this.#filling ??= {
      ...{ block: acquireBlock(this.#blockBytes), queued: 0, filled: 0 },
      ...{ beganMs: 0, sinceMs: 0 },
    };
    return this.#filling;
  }

  #finishBlock({ block, beganMs }: FillingBlock, nowMs: number): void {
    const tookMs = nowMs - (this.#lastFullMs ?? beganMs);
    this.#fastBlocks = tookMs < FAST_BLOCK_MS ? this.#fastBlocks + 1 : 0;
    this.#isSlow = block.length <= tookMs * SLOW_BYTES_PER_MS;
    this.#lastFullMs = nowMs;
    if (this.#fastBlocks >= FAST_BLOCKS) this.#blockBytes = MAX_BLOCK_BYTES;
    this.#enqueue(true);
  }

  #enqueue(isFull: boolean): void {
    // Nothing follows a failed write: it would land in that one's place.
    if (this.#filling === null || this.#failure !== null) return;
    const { block, queued: from, filled: to } = this.#filling;
    // To fill up what little is left of a small block takes a write of its own: with 32 slow bodies half of the writes.
    const isFullEnough = block.length === MIN_BLOCK_BYTES && to >= block.length / 2;
    const isLast = isFull || (isFullEnough && !this.#isReserved);
    this.#queue.push({ block, from, to, isLast });
    this.#filling.queued = to;
    if (isLast) this.#filling = null;
    this.#draining ??= this.#drain();
  }

  async #drain(): Promise<void> {
    try {
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        if (!this.#hasWritten && next.to > next.from) {
          this.#hasWritten = true;
          const before = this.#beforeFirst(this.segment);
          if (before !== undefined) await before;
        }
        await this.#write(next);
        this.segment.written += next.to - next.from;
        this.#waitingBytes -= next.to - next.from;
        if (next.isLast) releaseBlock(next.block);
      }
    } catch (thrown) {
      this.#failure = toDiskError(thrown);
      this.#queue.length = 0;
      this.#onError(this.#failure);
    } finally {
      this.#draining = null;
    }
  }

  async #write({ block, from, to }: PendingWrite): Promise<void> {
    for (let at = from; at < to;) {
      const position = this.segment.written + at - from;
      const { bytesWritten } = await this.#handle.write(block, at, to - at, position);
      if (bytesWritten === 0) throw new SluiceError('disk_full');
      at += bytesWritten;
    }
  }

  #throwIfFailed(): void {
    if (this.#failure) throw this.#failure;
  }
}
