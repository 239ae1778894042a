/**
 * The body sink of one stretch: bytes gather in blocks that are written at their place, one write at a time, while
 * the next block fills. A socket may read straight into the block (`space`, `advance`): copying every byte once more
 * costs a fifth of the CPU of a fast download. Streams are copied (`push`).
 */
import type { FileHandle } from 'node:fs/promises';
import { SluiceError } from '../../../protocol/error.ts';
import { toDiskError } from '../../../files/disk-error.ts';
import { giveBlock, MAX_BLOCK_BYTES, MIN_BLOCK_BYTES, takeBlock } from './blocks.ts';
import { roomIn, type Segment } from './segments.ts';

/**
 * Bytes wait at most this long for company before they are written: as long as a window of progress, so that what is
 * shown is on the disk before it is shown again. At 500 kB/s a block is full by then; at 100 ms each cost two writes.
 */
const MAX_WAIT_MS = 200;
/**
 * A MiB of small blocks, each full within this time after the one before, is followed by large ones; at 32 slow downloads
 * that saves 30 MB. Fewer will not do: what piled up while the process was held up comes at once.
 */
const SWIFT_MS = 15;
const SWIFT_BLOCKS = MAX_BLOCK_BYTES / MIN_BLOCK_BYTES;
/** At this rate or less a body is a slow one: whatever the block, as one of 1 MiB takes long at 5 MB/s too. */
const SLOW_BYTES_PER_MS = 640;
/** Past this many bytes waiting the reader is asked to pause. */
const HIGH_WATER_BYTES = 4 * MAX_BLOCK_BYTES;

/** `full`: the stretch has all its bytes. `wait`: pause until `drained`. */
export type Fill = 'more' | 'wait' | 'full';

export interface SegmentWriter {
  readonly segment: Segment;
  /** The body comes fast enough for reading straight into a block to be worth it. */
  readonly isSwift: boolean;
  /** It comes so slowly that its reader may let it gather for a moment. */
  readonly isSlow: boolean;
  /** Takes as much of `chunk` as there is room for; it is the caller's again on return. @throws SluiceError `disk_*` */
  push(chunk: Uint8Array, nowMs: number): Fill;
  /** Where the next bytes may be put, never empty; good until `advance` or `push`. */
  space(): Uint8Array;
  /** `bytes` were put at the start of the last `space`. @throws SluiceError `disk_*` of an earlier write */
  advance(bytes: number, nowMs: number): Fill;
  /** Resolves once less than the high-water mark waits. @throws SluiceError `disk_*` */
  drained(): Promise<void>;
  /** Writes bytes that have waited long enough. */
  tick(nowMs: number): void;
  /** Resolves once everything is in the file. Nothing may be put into a `space` any more. @throws SluiceError `disk_*` */
  flush(): Promise<void>;
}

interface Filling {
  block: Buffer;
  /** Bytes before this are in the queue or in the file. */
  queued: number;
  filled: number;
  sinceMs: number;
}

interface Piece {
  block: Buffer;
  from: number;
  to: number;
  /** The block is free after this piece. */
  last: boolean;
}

export function createSegmentWriter(
  handle: FileHandle,
  segment: Segment,
  onError: (error: SluiceError) => void,
): SegmentWriter {
  let filling: Filling | null = null;
  let blockBytes = MIN_BLOCK_BYTES;
  let swiftBlocks = 0;
  let isSlow = false;
  let lastFullMs: number | null = null;
  const queue: Piece[] = [];
  let waitingBytes = 0;
  let running: Promise<void> | null = null;
  let failure: SluiceError | null = null;

  function enqueue(last: boolean): void {
    // Nothing goes behind a piece that could not be written: it would land in that one's place.
    if (filling === null || failure !== null) return;
    const { block, queued: from, filled: to } = filling;
    queue.push({ block, from, to, last });
    filling.queued = to;
    if (last) filling = null;
    running ??= drain();
  }

  async function drain(): Promise<void> {
    try {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        await writeAll(next);
        segment.written += next.to - next.from;
        waitingBytes -= next.to - next.from;
        if (next.last) giveBlock(next.block);
      }
    } catch (thrown) {
      failure = toDiskError(thrown);
      queue.length = 0;
      onError(failure);
    } finally {
      running = null;
    }
  }

  async function writeAll({ block, from, to }: Piece): Promise<void> {
    for (let at = from; at < to;) {
      const position = segment.written + at - from;
      const { bytesWritten } = await handle.write(block, at, to - at, position);
      if (bytesWritten === 0) throw new SluiceError('disk_full');
      at += bytesWritten;
    }
  }

  function check(): void {
    if (failure) throw failure;
  }

  function current(): Filling {
    filling ??= { block: takeBlock(blockBytes), queued: 0, filled: 0, sinceMs: 0 };
    return filling;
  }

  function tick(nowMs: number): void {
    if (filling === null || filling.filled === filling.queued) return;
    if (nowMs - filling.sinceMs < MAX_WAIT_MS) return;
    // not full in its time: a slow body, which needs no large block
    blockBytes = MIN_BLOCK_BYTES;
    swiftBlocks = 0;
    isSlow = filling.filled - filling.queued <= (nowMs - filling.sinceMs) * SLOW_BYTES_PER_MS;
    enqueue(false);
  }

  function advance(bytes: number, nowMs: number): Fill {
    check();
    const into = current();
    // the stretch may have become shorter since the space was given
    const taken = Math.min(bytes, roomIn(segment));
    if (into.filled === into.queued) into.sinceMs = nowMs;
    into.filled += taken;
    segment.received += taken;
    waitingBytes += taken;
    if (into.filled === into.block.length) {
      const tookMs = nowMs - (lastFullMs ?? into.sinceMs);
      swiftBlocks = tookMs < SWIFT_MS ? swiftBlocks + 1 : 0;
      isSlow = into.block.length <= tookMs * SLOW_BYTES_PER_MS;
      lastFullMs = nowMs;
      if (swiftBlocks >= SWIFT_BLOCKS) blockBytes = MAX_BLOCK_BYTES;
      enqueue(true);
    } else {
      tick(nowMs);
    }
    if (roomIn(segment) === 0) return 'full';
    return waitingBytes > HIGH_WATER_BYTES ? 'wait' : 'more';
  }

  function space(): Uint8Array {
    const { block, filled } = current();
    return block.subarray(filled);
  }

  return {
    segment,
    get isSwift() {
      return blockBytes === MAX_BLOCK_BYTES;
    },
    get isSlow() {
      return isSlow;
    },
    space,
    advance,
    tick,
    push(chunk, nowMs) {
      let fill: Fill = roomIn(segment) === 0 ? 'full' : 'more';
      for (let at = 0; at < chunk.length && fill !== 'full';) {
        const free = space();
        const bytes = Math.min(free.length, chunk.length - at);
        free.set(chunk.subarray(at, at + bytes));
        fill = advance(bytes, nowMs);
        at += bytes;
      }
      return fill;
    },
    async drained() {
      while (waitingBytes > HIGH_WATER_BYTES / 2 && failure === null) await (running ?? drain());
      check();
    },
    async flush() {
      enqueue(true);
      while (running !== null) await running;
      check();
    },
  };
}
