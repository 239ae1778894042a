/** Samples from the progress bar of lux and annie, with the exact total, and counts that never fall or pass it. */
import type { Sample } from '../../protocol/progress.ts';

export class BarProgress {
  /** More bytes came than announced: the server ignored ranges, and the file is wrong. */
  overflowed = false;
  /** As printed last; null before the first. All recorded runs of lux and annie that succeeded ended at 100. */
  #lastPercent: number | null = null;
  /** Exact; null = not known. */
  readonly #totalBytes: number | null;
  #receivedBytes = 0;

  constructor(totalBytes: number | null) {
    this.#totalBytes = totalBytes;
  }

  /** Fewer bytes came than announced: a part ended early. */
  get endedEarly(): boolean {
    return this.#totalBytes !== null && this.#lastPercent !== null && this.#lastPercent < 99;
  }

  /** @param rawPercent as printed, which can pass 100 */
  add(sample: Sample, rawPercent: number): Sample {
    // Counts are printed with two decimals: 1 % is far more than a rounding error.
    if (rawPercent > 101) this.overflowed = true;
    if (!Number.isNaN(rawPercent)) this.#lastPercent = rawPercent;
    const total = this.#totalBytes;
    this.#receivedBytes = Math.max(this.#receivedBytes, Math.min(sample.receivedBytes, total ?? Infinity));
    return {
      receivedBytes: this.#receivedBytes,
      totalBytes: total,
      percent: total === null ? sample.percent : null,
      bytesPerSecond: sample.bytesPerSecond,
      etaSeconds: total === null ? null : sample.etaSeconds,
    };
  }
}
