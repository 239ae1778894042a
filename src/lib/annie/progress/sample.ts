import type { Sample } from '../../protocol/progress.ts';

/**
 * One progress record as an engine printed it, about the part that the engine is at. A reader owns one and overwrites
 * it for each record, so that a record costs no allocation: V8 stores a double into such a field in place. NaN = not
 * printed, or not known.
 */
export class ProgressRecord {
  /** Offset in its fd's stream just past the last byte that belongs to the record. */
  endOffset = 0;
  /** As printed: lux can pass 100. */
  percent = NaN;
  receivedBytes = NaN;
  totalBytes = NaN;
  bytesPerSecond = NaN;
  etaSeconds = NaN;
  /** `totalBytes` is yt-dlp's guess from the fragments so far. */
  estimated = false;
  /** The part comes in fragments, so `totalBytes` is what they add up to. Only yt-dlp says so. */
  fragmented = false;
  /** The part is complete. Only yt-dlp says so. */
  finished = false;

  /** Overwrites all but the offset; what `numbers` leaves out is not known. */
  set(numbers: Partial<RecordNumbers>): void {
    this.percent = numbers.percent ?? NaN;
    this.receivedBytes = numbers.receivedBytes ?? NaN;
    this.totalBytes = numbers.totalBytes ?? NaN;
    this.bytesPerSecond = numbers.bytesPerSecond ?? NaN;
    this.etaSeconds = numbers.etaSeconds ?? NaN;
    this.estimated = numbers.estimated ?? false;
    this.fragmented = numbers.fragmented ?? false;
    this.finished = numbers.finished ?? false;
  }
}

export type RecordNumbers = Omit<ProgressRecord, 'endOffset' | 'set'>;

/**
 * The record as the rest of Sluice wants it: whole bytes, percent clamped to 0–100, an estimated total left out. Where
 * only percent and total are printed (yt-dlp's own text) the received bytes are computed from them.
 */
export function toSample(record: RecordNumbers): Sample {
  const percent = orNull(record.percent);
  const total = orNull(record.totalBytes);
  const speed = orNull(record.bytesPerSecond);
  const computed = percent !== null && total !== null ? (total * percent) / 100 : 0;
  return {
    receivedBytes: Math.round(orNull(record.receivedBytes) ?? computed),
    totalBytes: total === null || record.estimated ? null : Math.round(total),
    percent: percent === null ? null : Math.min(100, Math.max(0, percent)),
    bytesPerSecond: speed === null ? null : Math.round(speed),
    etaSeconds: orNull(record.etaSeconds),
  };
}

/** NaN becomes null. */
export function orNull(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
