/** Combines the measurements of the processes of a run. */
import type { ProcessResult } from './process.ts';
import type { ReadBy } from './work.ts';

/** Median, minimum and maximum over the processes. */
export interface Range {
  min: number;
  median: number;
  max: number;
}

export interface DialectResult {
  dialect: string;
  readBy: ReadBy;
  /** Of one process. */
  bytes: number;
  chunks: number;
  records: number;
  /** 0–1. */
  shareRight: number;
  recordsPerSecond: Range;
  megabytesPerSecond: Range;
  /** Speed relative to a bare loop over the same bytes, the blog's regex, and split-and-regex. */
  overByteLoop: Range;
  overBlog: Range;
  overSplit: Range;
  heapBytesPerRecord: number;
}

/** bench/results/progress.json */
export interface ProgressReport {
  machine: string;
  measuredAt: string;
  thorough: boolean;
  processes: number;
  /** Load average at the beginning and the end: more than the number of cores = not measured alone. */
  load: [before: number, after: number];
  results: DialectResult[];
}

/** @param all the results of one dialect, one from each process */
export function combine(all: readonly ProcessResult[]): DialectResult {
  const [first] = all;
  if (first === undefined) throw new Error('no process has ended');
  const { dialect, readBy, bytes, chunks, records } = first;
  const range = (of: (one: ProcessResult) => number): Range => {
    const sorted = all.map(of).sort((a, b) => a - b);
    const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? NaN;
    return { min: at(0), median: at(0.5), max: at(1) };
  };
  return {
    ...{ dialect, readBy, bytes, chunks, records },
    shareRight: Math.min(...all.map(({ shareRight }) => shareRight)),
    recordsPerSecond: range(({ ns }) => Math.round(records / (ns / 1e9))),
    megabytesPerSecond: range(({ ns }) => (bytes / ns) * 1000),
    overByteLoop: range(({ overByteLoop }) => overByteLoop),
    overBlog: range(({ overBlog }) => overBlog),
    overSplit: range(({ overSplit }) => overSplit),
    heapBytesPerRecord: Math.max(...all.map(({ heapBytesPerRecord }) => heapBytesPerRecord)),
  };
}
