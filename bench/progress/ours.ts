/** Sluice's parser over the work: every record decoded, or only the newest of each chunk asked for. */
import { createNewestParser } from '../../src/lib/annie/progress/newest.ts';
import { createProgressParser, type Dialect } from '../../src/lib/annie/progress/parser.ts';
import {
  ETA,
  PERCENT,
  type PrintedSample,
  RECEIVED,
  SPEED,
  toPrinted,
  TOTAL,
} from '../../src/lib/annie/progress/sample.ts';
import type { Chunk, Run, Work } from './work.ts';

/** Counts records and adds their numbers up, so that none of the work can be left out. */
class Sum {
  samples = 0;
  readonly total = new Float64Array(1);

  sample(_fd: 1 | 2, values: Float64Array): void {
    this.samples++;
    const { total } = this;
    total[0] =
      total[0]! + values[PERCENT]! + values[RECEIVED]! + values[TOTAL]! + values[SPEED]! + values[ETA]!;
  }

  event(): void {}
}

/** Records found. */
export function everyRecord({ runs, loops }: Work): number {
  const sum = new Sum();
  for (const { dialect, chunks } of runs) {
    const parser = createProgressParser(dialect, sum);
    for (let loop = 0; loop < loops; loop++) {
      for (let k = 0; k < chunks.length; k++) parser.push(chunks[k]!.fd, chunks[k]!.data);
      parser.end();
    }
  }
  return sum.samples;
}

/** Samples taken, at most one a chunk. */
export function newestOnly({ runs, loops }: Work): number {
  let taken = 0;
  for (const { dialect, chunks } of runs) {
    const parser = createNewestParser(dialect);
    for (let loop = 0; loop < loops; loop++) {
      for (let k = 0; k < chunks.length; k++) {
        parser.push(chunks[k]!.fd, chunks[k]!.data);
        if (parser.newest() !== null) taken++;
      }
      parser.end();
    }
  }
  return taken;
}

/**
 * Heap bytes for each record, while nothing is collected: over the stretches of the recordings that hold records
 * and nothing else, as what is said in words becomes objects. NaN without `--expose-gc`.
 */
export function heapPerRecord({ runs, loops }: Work): number {
  if (globalThis.gc === undefined) return NaN;
  const sum = new Sum();
  const stretches = runs.flatMap(({ dialect, chunks }) => {
    const stretch = recordsIn(dialect, chunks);
    if (stretch.length === 0) return [];
    return { parser: createProgressParser(dialect, sum), stretch };
  });
  const pass = (times: number): void => {
    for (const { parser, stretch } of stretches) {
      for (let loop = 0; loop < times; loop++) {
        // By index: an iterator's results are objects too, until it is optimised away.
        for (let k = 0; k < stretch.length; k++) parser.push(stretch[k]!.fd, stretch[k]!.data);
      }
    }
  };
  pass(loops);
  const tries = Array.from({ length: 5 }, () => {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    sum.samples = 0;
    pass(loops);
    return (process.memoryUsage().heapUsed - before) / sum.samples;
  });
  return Math.max(0, Math.min(...tries));
}

/** The chunks between the first record and the last; none when something is said between them. */
function recordsIn(dialect: Dialect, chunks: Chunk[]): Chunk[] {
  let first = -1;
  let last = -1;
  let saidAfter = -1;
  let at = 0;
  const parser = createProgressParser(dialect, {
    sample() {
      if (first < 0) first = at;
      last = at;
    },
    event() {
      if (first >= 0 && saidAfter < 0) saidAfter = at;
    },
  });
  for (const { fd, data } of chunks) {
    parser.push(fd, data);
    at++;
  }
  // The chunk of the first record may hold words before it.
  return saidAfter >= 0 && saidAfter <= last ? [] : chunks.slice(first + 1, last);
}

/** Share of the true samples that come out with every number right, 0–1. */
export function shareRight({ runs }: Work): number {
  let right = 0;
  let all = 0;
  for (const run of runs) {
    all += run.samples.length;
    right += rightOf(run);
  }
  return right / all;
}

function rightOf({ dialect, chunks, samples }: Run): number {
  const wanted = new Set(samples.map(keyOf));
  let right = 0;
  const parser = createProgressParser(dialect, {
    sample(fd, values) {
      if (wanted.delete(keyOf(toPrinted(fd, values)))) right++;
    },
    event() {},
  });
  for (const { fd, data } of chunks) parser.push(fd, data);
  parser.end();
  return right;
}

function keyOf(sample: PrintedSample): string {
  const { fd, endOffset, percent, receivedBytes, totalBytes, speedBytesPerSecond, etaSeconds } = sample;
  return [fd, endOffset, percent, receivedBytes, totalBytes, speedBytesPerSecond, etaSeconds].join(' ');
}
