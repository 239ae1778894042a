/** From the bar that lux and annie print to samples: exact totals, and counts that do not fall or pass the end. */
import type { Sample } from '../../protocol/progress.ts';

export class Bar {
  /** More came than was announced: the server ignored ranges, and the file is not what it should be. */
  overflowed = false;
  /** As printed last; null before the first. Every recorded run of lux and annie that succeeded ended at 100. */
  private lastPercent: number | null = null;
  /** Exact; null = not known. */
  private readonly totalBytes: number | null;
  private highest = 0;

  constructor(totalBytes: number | null) {
    this.totalBytes = totalBytes;
  }

  /** Fewer bytes came than announced: a part ended early. */
  get fellShort(): boolean {
    return this.totalBytes !== null && this.lastPercent !== null && this.lastPercent < 99;
  }

  /** `rawPercent`: as printed, which can pass 100. */
  add(sample: Sample, rawPercent: number): Sample {
    // Counters are rounded to hundredths of a unit: 1 % is far beyond that.
    if (rawPercent > 101) this.overflowed = true;
    if (!Number.isNaN(rawPercent)) this.lastPercent = rawPercent;
    const total = this.totalBytes;
    this.highest = Math.max(this.highest, Math.min(sample.receivedBytes, total ?? Infinity));
    return {
      receivedBytes: this.highest,
      totalBytes: total,
      percent: total === null ? sample.percent : Math.min(100, (100 * this.highest) / total),
      bytesPerSecond: sample.bytesPerSecond,
      etaSeconds: total === null ? null : sample.etaSeconds,
    };
  }
}
