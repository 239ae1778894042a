/**
 * Checksums of the byte ranges that were fetched of a file. Where a server sends the whole file instead of a range, the bytes
 * before it have to be those: a body that begins elsewhere is noticed before one of its bytes is used. Pure.
 */
import { crc32 } from 'node:zlib';
import { dropOldest } from '../../../protocol/drop-oldest.ts';
import { MAX_REMEMBERED } from './remembered.ts';

/** As sent: encrypted fragments are not decrypted. */
interface FetchedRange {
  start: number;
  bytes: number;
  crc: number;
}

export class FetchedRanges {
  readonly #ranges = new Map<string, Map<number, FetchedRange>>();

  add(url: string, range: FetchedRange): void {
    if (range.bytes === 0) return;
    const ofFile = this.#ranges.get(url) ?? new Map<number, FetchedRange>();
    this.#ranges.set(url, ofFile.set(range.start, range));
    dropOldest(ofFile, MAX_REMEMBERED);
    dropOldest(this.#ranges, MAX_REMEMBERED);
  }

  /** Checks the first bytes of a file. */
  checkOf(url: string): PrefixCheck {
    return new PrefixCheck([...(this.#ranges.get(url)?.values() ?? [])]);
  }

  forget(): void {
    this.#ranges.clear();
  }
}

/** Adds up a range as it arrives. */
export class RangeSum {
  #bytes = 0;
  #crc = 0;

  get total(): Omit<FetchedRange, 'start'> {
    return { bytes: this.#bytes, crc: this.#crc };
  }

  async *of(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of chunks) {
      this.#crc = crc32(chunk, this.#crc);
      this.#bytes += chunk.length;
      yield chunk;
    }
  }
}

class PrefixCheck {
  /** Those that were not reached yet, the next one last. */
  readonly #next: FetchedRange[];
  #at = 0;
  #crc = 0;

  constructor(ranges: readonly FetchedRange[]) {
    this.#next = ranges.toSorted((a, b) => b.start - a.start);
  }

  /** @returns false = a range has other bytes here than it had */
  push(chunk: Buffer): boolean {
    for (let done = 0; done < chunk.length;) {
      const range = this.#next.at(-1);
      if (range === undefined) break;
      const [at, end] = [this.#at + done, range.start + range.bytes];
      if (at < range.start) {
        done += Math.min(chunk.length - done, range.start - at);
        continue;
      }
      const some = chunk.subarray(done, done + end - at);
      this.#crc = crc32(some, this.#crc);
      done += some.length;
      if (at + some.length < end) continue;
      if (this.#crc !== range.crc) return false;
      this.#crc = 0;
      // one that overlaps it cannot be added up any more
      while ((this.#next.at(-1)?.start ?? Infinity) < end) this.#next.pop();
    }
    this.#at += chunk.length;
    return true;
  }
}
