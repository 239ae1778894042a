/**
 * Several files, one bar. yt-dlp fetches sound and picture one after the other and reports each from 0 to 100; here
 * they become one download whose percentage does not fall back.
 */
import type { Sample } from '../../protocol/progress.ts';

/** What is known of one file before it is fetched. `estimate` in bytes: only for weighing, never shown. */
export interface PartSize {
  bytes: number | null;
  estimate: number | null;
}

export class Parts {
  private sizes: PartSize[] = [];
  /** Bytes of the files that are whole. */
  private doneBytes = 0;
  private index = -1;
  private highest = 0;

  /** All files of the download, in the order in which they will be fetched. */
  expect(sizes: PartSize[]): void {
    this.sizes = sizes;
  }

  /** The next file begins. `doneBytes`: what the files before it hold on disk. */
  begin(doneBytes: number): void {
    this.index++;
    this.doneBytes = doneBytes;
  }

  /** The sample of the file at hand as a sample of the whole. */
  add(part: Sample): Sample {
    const receivedBytes = this.doneBytes + part.receivedBytes;
    const only = this.sizes.length <= 1;
    const totalBytes = only ? part.totalBytes : this.total(part);
    const percent = totalBytes === null ? this.climb(part) : toPercent(receivedBytes, totalBytes);
    const eta = only ? part.etaSeconds : this.eta(part, receivedBytes, totalBytes);
    return {
      receivedBytes,
      totalBytes,
      percent,
      bytesPerSecond: part.bytesPerSecond,
      etaSeconds: eta,
    };
  }

  /** Known only when every file's size is: what is done is counted as it lies on disk. */
  private total(part: Sample): number | null {
    if (part.totalBytes === null) return null;
    const coming = this.sizes.slice(Math.max(0, this.index) + 1);
    let total = this.doneBytes + part.totalBytes;
    for (const { bytes } of coming) {
      if (bytes === null) return null;
      total += bytes;
    }
    return total;
  }

  /** Guesses grow while fragments come: the bar waits rather than falls back. */
  private climb(part: Sample): number | null {
    const percent = this.percent(part);
    if (percent === null) return null;
    this.highest = Math.max(this.highest, percent);
    return this.highest;
  }

  /** By the files' weights where all are known or guessed, else each file the same. */
  private percent(part: Sample): number | null {
    if (part.percent === null) return null;
    if (this.sizes.length <= 1) return part.percent;
    const guesses = this.sizes.map(({ bytes, estimate }) => bytes ?? estimate ?? 0);
    const weights = guesses.every((guess) => guess > 0) ? guesses : guesses.map(() => 1);
    const sum = weights.reduce((a, b) => a + b, 0);
    const index = Math.min(Math.max(0, this.index), weights.length - 1);
    const before = weights.slice(0, index).reduce((a, b) => a + b, 0);
    return (100 * before + part.percent * weights[index]!) / sum;
  }

  private eta(part: Sample, received: number, total: number | null): number | null {
    if (total === null || part.bytesPerSecond === null || part.bytesPerSecond <= 0) return null;
    return Math.max(0, Math.ceil((total - received) / part.bytesPerSecond));
  }
}

function toPercent(received: number, total: number): number | null {
  return total <= 0 ? null : Math.min(100, (100 * received) / total);
}
