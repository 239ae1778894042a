/**
 * One decoded progress record as numbers in a Float64Array. A parser owns one such array and writes every record
 * into it, so a record costs no allocation: a number that a helper returns, or that is stored in an ordinary
 * field, is boxed on the heap (40 bytes a record when it was tried), one stored here is not.
 *
 * NaN = not known. At the edge it becomes null.
 */
import type { Sample } from '../../protocol/progress.ts';

/** Offset in the fd's stream just past the last byte that belongs to the record. */
export const END = 0;
/** As printed: lux can pass 100. */
export const PERCENT = 1;
export const RECEIVED = 2;
export const TOTAL = 3;
/** Bytes per second. */
export const SPEED = 4;
/** Seconds left. */
export const ETA = 5;
/** yt-dlp: fragments done, of how many. */
export const FRAGMENT = 6;
export const FRAGMENTS = 7;
/** ffmpeg: seconds of media written, and how many times faster than playing. */
export const OUT_TIME = 8;
export const SPEED_FACTOR = 9;
/** 1 when TOTAL is yt-dlp's guess from the fragments so far. */
export const ESTIMATED = 10;
/** 1 for yt-dlp's last record of a part. */
export const FINISHED = 11;
export const VALUES = 12;

export function createValues(): Float64Array {
  return new Float64Array(VALUES).fill(NaN);
}

/** The numbers a truth file and `sluice replay` know, by their names there. */
export interface PrintedSample {
  fd: 1 | 2;
  endOffset: number;
  percent: number | null;
  receivedBytes: number | null;
  totalBytes: number | null;
  speedBytesPerSecond: number | null;
  etaSeconds: number | null;
}

export function toPrinted(fd: 1 | 2, values: Float64Array): PrintedSample {
  return {
    fd,
    endOffset: values[END]!,
    percent: known(values[PERCENT]!),
    receivedBytes: known(values[RECEIVED]!),
    totalBytes: known(values[TOTAL]!),
    speedBytesPerSecond: known(values[SPEED]!),
    etaSeconds: known(values[ETA]!),
  };
}

/**
 * The record as the rest of Sluice wants it: percent clamped to 0–100, received bytes worked out from percent and
 * total where only those are printed (yt-dlp's text), an estimated total left out. It is about the part that the
 * engine is at: adding up parts is the adapter's work.
 */
export function toSample(values: Float64Array): Sample {
  const percent = known(values[PERCENT]!);
  const total = known(values[TOTAL]!);
  const received =
    known(values[RECEIVED]!) ?? (percent !== null && total !== null ? (total * percent) / 100 : 0);
  const speed = known(values[SPEED]!);
  return {
    receivedBytes: Math.round(received),
    totalBytes: total === null || values[ESTIMATED] === 1 ? null : Math.round(total),
    percent: percent === null ? null : Math.min(100, Math.max(0, percent)),
    bytesPerSecond: speed === null ? null : Math.round(speed),
    etaSeconds: known(values[ETA]!),
  };
}

function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}
