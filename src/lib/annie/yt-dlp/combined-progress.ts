/**
 * Combines the progress of several files. yt-dlp fetches audio and video one after the other and reports each from 0 to 100;
 * here they become one download whose percentage never falls.
 */
import type { Sample } from '../../protocol/progress.ts';

/** Size of one file before it is fetched. `estimate` in bytes: only a weight, never shown. */
export interface PartSize {
  bytes: number | null;
  estimate: number | null;
}

export class CombinedProgress {
  #sizes: PartSize[] = [];
  /** Bytes of the complete files. */
  #doneBytes = 0;
  #current = -1;
  #highestPercent = 0;

  /** All files of the download, in the order in which they will be fetched. */
  expect(sizes: PartSize[]): void {
    this.#sizes = sizes;
  }

  /** The next file begins. `doneBytes`: size of the files before it, on disk. */
  begin(doneBytes: number): void {
    this.#current++;
    this.#doneBytes = doneBytes;
  }

  /** Turns a sample of the current file into one of the whole download. */
  add(part: Sample): Sample {
    const receivedBytes = this.#doneBytes + part.receivedBytes;
    const isSingle = this.#sizes.length <= 1;
    const totalBytes = isSingle ? part.totalBytes : this.#total(part);
    return {
      receivedBytes,
      totalBytes,
      percent: totalBytes === null ? this.#rising(part) : null,
      bytesPerSecond: part.bytesPerSecond,
      etaSeconds: isSingle ? part.etaSeconds : null,
    };
  }

  /** Known only if the size of every file is; complete files count as they are on disk. */
  #total(part: Sample): number | null {
    if (part.totalBytes === null) return null;
    const coming = this.#sizes.slice(Math.max(0, this.#current) + 1);
    let total = this.#doneBytes + part.totalBytes;
    for (const { bytes } of coming) {
      if (bytes === null) return null;
      total += bytes;
    }
    return total;
  }

  /** Estimates grow while fragments arrive: the percentage waits rather than falls. */
  #rising(part: Sample): number | null {
    const percent = this.#percent(part);
    if (percent === null) return null;
    this.#highestPercent = Math.max(this.#highestPercent, percent);
    return this.#highestPercent;
  }

  /** Weighted by size if all are known or estimated, else equally. */
  #percent(part: Sample): number | null {
    if (part.percent === null) return null;
    if (this.#sizes.length <= 1) return part.percent;
    const estimates = this.#sizes.map(({ bytes, estimate }) => bytes ?? estimate ?? 0);
    const weights = estimates.every((bytes) => bytes > 0) ? estimates : estimates.map(() => 1);
    const sum = weights.reduce((a, b) => a + b, 0);
    const index = Math.min(Math.max(0, this.#current), weights.length - 1);
    const before = weights.slice(0, index).reduce((a, b) => a + b, 0);
    return (100 * before + part.percent * weights[index]!) / sum;
  }
}
