/**
 * A file that only occupies space. On a full disk it is truncated, so that the store can still record that downloads wait for
 * space, or that one is paused or removed. New downloads are refused meanwhile.
 */
import { randomFillSync } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

interface ReserveOptions {
  bytes?: number;
  /** ms between two checks while it is not whole. */
  checkMs?: number;
  /** False: another disk is at that path now, on which nothing may be made. */
  isUsable?: () => boolean;
}

/** Room for some thousand commits: a download's change is 1 to 2 pages of 4 KiB. */
const RESERVE_BYTES = 4 * 1024 * 1024;
/** On a disk that is itself tiny, not more than this part of it. */
const RESERVE_PART = 16;
/** It is made only where so many times as much is free: it must not be what fills the disk. */
const FREE_TIMES = 4;
/** Given up in parts: a process that fills the disk takes what is free before the store does. */
const PARTS = 4;
const CHECK_MS = 10_000;
const PIECE_BYTES = 128 * 1024;

export class DiskReserve {
  readonly #file: string;
  readonly #bytes: number;
  readonly #checkMs: number;
  readonly #isUsable: () => boolean;
  #timer: NodeJS.Timeout | null = null;
  #isWhole = false;

  /** Touches nothing yet. */
  constructor(
    file: string,
    { bytes = RESERVE_BYTES, checkMs = CHECK_MS, isUsable = () => true }: ReserveOptions = {},
  ) {
    this.#file = file;
    this.#bytes = bytes;
    this.#checkMs = checkMs;
    this.#isUsable = isUsable;
  }

  /** False: the disk is full or nearly, and only what has to be stored should be. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Makes it whole, now or as soon as there is room. */
  keep(): void {
    this.#isWhole = this.#fill();
    if (this.#isWhole || this.#timer !== null) return;
    this.#timer = setInterval(() => {
      this.#isWhole = this.#fill();
      if (this.#isWhole) this.close();
    }, this.#checkMs).unref();
  }

  /** Gives up a part, so that the next commits find room. @returns false when nothing is left to give */
  release(): boolean {
    this.#isWhole = false;
    const held = this.#held();
    try {
      if (held > 0) fs.truncateSync(this.#file, Math.max(0, held - Math.ceil(this.#bytes / PARTS)));
    } catch {
      return false;
    }
    return held > 0;
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #held(): number {
    return fs.statSync(this.#file, { throwIfNoEntry: false })?.size ?? 0;
  }

  #fill(): boolean {
    if (!this.#isUsable()) return false;
    try {
      const { bavail, blocks, bsize } = fs.statfsSync(path.dirname(this.#file));
      const wanted = Math.min(this.#bytes, Math.floor((blocks * bsize) / RESERVE_PART)) || this.#bytes;
      const missing = wanted - this.#held();
      if (missing <= 0) return true;
      // Where the file system does not say, try.
      if (blocks > 0 && bavail * bsize < missing + (FREE_TIMES - 1) * wanted) return false;
      append(this.#file, missing);
      return true;
    } catch {
      return false;
    }
  }
}

/** Not zeros: some file systems keep those as nothing. In pieces: the whole in one would stay in memory for long after. */
function append(file: string, bytes: number): void {
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  for (let left = bytes; left > 0; left -= PIECE_BYTES) {
    fs.appendFileSync(file, randomFillSync(piece).subarray(0, left), { mode: 0o600 });
  }
}
