/**
 * A file or folder, twice: as processes see it (in the page cache), and as it is on the platter. A power cut leaves the
 * platter and, of what is dirty, whatever happened to be written back.
 */
import type { Random } from '../world/random.ts';

/** The unit in which the kernel writes back. */
export const PAGE_BYTES = 4096;
const EMPTY = Buffer.alloc(0);

export class Inode {
  readonly number: number;
  readonly kind: 'file' | 'dir';
  readonly bornMs: number;
  modifiedMs: number;
  /** Names; of a folder 1. */
  links = 0;
  /** Open handles. */
  handles = 0;
  mode: number;

  /** Of a folder. */
  readonly entries = new Map<string, Inode>();
  readonly platterEntries = new Map<string, Inode>();

  size = 0;
  platterSize = 0;
  #data: Buffer = EMPTY;
  #platter: Buffer = EMPTY;
  /** Pages that are not on the platter, with the number of the write that made them so. */
  readonly #dirty = new Map<number, number>();
  /** Pages written back by the kernel since: they survive a cut, unless their truncation does not. */
  readonly #writtenBack = new Map<number, Buffer>();
  /** Truncations whose record is not on the platter. */
  unwrittenTruncations = 0;
  #writes = 0;

  constructor(number: number, kind: 'file' | 'dir', mode: number, nowMs: number) {
    this.number = number;
    this.kind = kind;
    this.mode = mode;
    this.bornMs = nowMs;
    this.modifiedMs = nowMs;
  }

  get data(): Buffer {
    return this.#data.subarray(0, this.size);
  }

  get platterData(): Buffer {
    return this.#platter.subarray(0, this.platterSize);
  }

  get isDirty(): boolean {
    return this.#dirty.size > 0;
  }

  /** A point for `settle`: all writes so far. */
  get writes(): number {
    return this.#writes;
  }

  write(bytes: Uint8Array, position: number): void {
    const end = position + bytes.length;
    if (this.#data === this.#platter) this.#data = grown(this.#platter, Math.max(end, this.size));
    if (end > this.#data.length) this.#data = grown(this.#data, end);
    if (position > this.size) this.#data.fill(0, this.size, position);
    this.#data.set(bytes, position);
    this.size = Math.max(this.size, end);
    this.#writes++;
    const last = Math.floor((end - 1) / PAGE_BYTES);
    for (let page = Math.floor(position / PAGE_BYTES); page <= last; page++) {
      this.#dirty.set(page, this.#writes);
      this.#writtenBack.delete(page);
    }
  }

  /** As processes see it; the caller records it for the platter. */
  truncate(size: number): void {
    if (size > this.size) {
      if (this.#data === this.#platter) this.#data = grown(this.#platter, size);
      if (size > this.#data.length) this.#data = grown(this.#data, size);
      this.#data.fill(0, this.size, size);
      this.#writes++;
      this.#dirty.set(Math.floor((size - 1) / PAGE_BYTES), this.#writes);
    }
    for (const page of [...this.#dirty.keys(), ...this.#writtenBack.keys()]) {
      if (page * PAGE_BYTES < size) continue;
      this.#dirty.delete(page);
      this.#writtenBack.delete(page);
    }
    this.size = size;
  }

  truncatePlatter(size: number): void {
    this.unwrittenTruncations--;
    this.platterSize = Math.min(this.platterSize, size);
  }

  /** Puts pages on the platter that were written before `until`, as fdatasync does. */
  sync(until: number, size: number): void {
    for (const [page, write] of this.#dirty) {
      if (write > until) continue;
      this.#toPlatter(page, this.#data, this.size);
      this.#dirty.delete(page);
      this.#writtenBack.delete(page);
    }
    this.#setPlatterSize(Math.min(size, this.size));
  }

  /** A sync failed: the kernel has marked the pages clean all the same. Source: fsync(2), LWN 752063. */
  loseDirty(): void {
    this.#dirty.clear();
  }

  /** The kernel writes some dirty pages back by itself. */
  writeBack(random: Random): void {
    for (const page of this.#dirty.keys()) {
      if (random.chance(0.5)) this.#writtenBack.set(page, Buffer.from(this.#page(page)));
    }
  }

  /**
   * The power fails.
   * @param order `weak`: the size may be on the platter without the pages
   */
  cut(random: Random, order: 'ordered' | 'weak'): void {
    if (this.kind === 'file' && this.unwrittenTruncations === 0) this.#cutPages(random, order);
    this.unwrittenTruncations = 0;
    this.#dirty.clear();
    this.#writtenBack.clear();
    // Both are one until the next write.
    this.#data = this.#platter;
    this.size = this.platterSize;
    this.handles = 0;
  }

  #cutPages(random: Random, order: 'ordered' | 'weak'): void {
    const kept = random.pick([0, 0, 0.5, 0.9, 1]);
    const [size, data] = [this.size, this.#data];
    for (const page of this.#dirty.keys()) {
      if (random.chance(kept)) this.#toPlatter(page, data, size);
      else {
        const back = this.#writtenBack.get(page);
        if (back !== undefined) this.#putPlatter(page, back);
      }
    }
    if (order === 'weak' && random.chance(0.3))
      this.#setPlatterSize(random.pick([size, random.below(size + 1)]));
  }

  #page(page: number): Buffer {
    return this.#data.subarray(page * PAGE_BYTES, Math.min(this.size, (page + 1) * PAGE_BYTES));
  }

  #toPlatter(page: number, data: Buffer, size: number): void {
    this.#putPlatter(page, data.subarray(page * PAGE_BYTES, Math.min(size, (page + 1) * PAGE_BYTES)));
  }

  #putPlatter(page: number, bytes: Buffer): void {
    const start = page * PAGE_BYTES;
    const end = start + bytes.length;
    if (end > this.#platter.length) this.#platter = grown(this.#platter, end);
    if (start > this.platterSize) this.#platter.fill(0, this.platterSize, start);
    bytes.copy(this.#platter, start);
    this.platterSize = Math.max(this.platterSize, end);
  }

  /** Never shorter: that takes a truncation. */
  #setPlatterSize(size: number): void {
    if (size <= this.platterSize) return;
    if (size > this.#platter.length) this.#platter = grown(this.#platter, size);
    this.#platter.fill(0, this.platterSize, size);
    this.platterSize = size;
  }
}

function grown(data: Buffer, bytes: number): Buffer {
  const larger = Buffer.allocUnsafeSlow(
    Math.max(bytes, Math.min(2 * data.length, data.length + (4 << 20)), 512),
  );
  data.copy(larger);
  return larger;
}
