/** Sluice's parser, with every record decoded. */
import type { ProgressRecord } from '../../src/lib/annie/progress/sample.ts';
import type { ProgressEvent } from '../../src/lib/annie/progress/sink.ts';
import { createRecordingParser, type RecordedDialect } from '../../src/lib/replay/parser.ts';
import { type PrintedSample, toPrinted } from '../../src/lib/replay/printed-sample.ts';
import type { Chunk, Run, Work } from './work.ts';

/** Counts records and sums their numbers, so that no work can be optimised away. */
class Sum {
  samples = 0;
  total = 0;
  newest: ProgressEvent | null = null;

  sample(_fd: 1 | 2, record: ProgressRecord): void {
    this.samples++;
    const { percent, receivedBytes, totalBytes, bytesPerSecond, etaSeconds } = record;
    this.total += percent + receivedBytes + totalBytes + bytesPerSecond + etaSeconds;
  }

  event(event: ProgressEvent): void {
    this.newest = event;
  }
}

/**
 * @returns a function that does the whole work and returns the number of records. The parsers are kept between passes: V8
 * discards optimised code whose objects have been collected, and compiling it again took a tenth of a pass.
 */
export function everyRecord({ runs, loops }: Work): () => number {
  const sum = new Sum();
  const parsed = runs.map(({ dialect, chunks }) => ({ parser: createRecordingParser(dialect, sum), chunks }));
  return () => {
    sum.samples = 0;
    for (const { parser, chunks } of parsed) {
      for (let loop = 0; loop < loops; loop++) {
        for (let k = 0; k < chunks.length; k++) parser.push(chunks[k]!.fd, chunks[k]!.data);
        parser.end();
      }
    }
    return sum.samples;
  };
}

/**
 * Heap bytes per record, without collection: over those parts of the recordings that hold only records,
 * as lines become objects. NaN without `--expose-gc`.
 */
export function heapPerRecord({ runs, loops }: Work): number {
  if (globalThis.gc === undefined) return NaN;
  const sum = new Sum();
  const stretches = runs.flatMap(({ dialect, chunks }) => {
    const stretch = recordsIn(dialect, chunks);
    if (stretch.length === 0) return [];
    return { parser: createRecordingParser(dialect, sum), stretch };
  });
  const pass = (times: number): void => {
    for (const { parser, stretch } of stretches) {
      for (let loop = 0; loop < times; loop++) {
        // By index: iterator results are objects too until they are optimised away.
        for (let k = 0; k < stretch.length; k++) parser.push(stretch[k]!.fd, stretch[k]!.data);
      }
    }
  };
  const few = Math.ceil(loops / 8);
  pass(few);
  const tries = Array.from({ length: 3 }, () => {
    globalThis.gc?.();
    const before = process.memoryUsage().heapUsed;
    sum.samples = 0;
    pass(few);
    return (process.memoryUsage().heapUsed - before) / sum.samples;
  });
  return Math.max(0, Math.min(...tries));
}

/** The chunks between the first and the last record; none if there is an event between them. */
function recordsIn(dialect: RecordedDialect, chunks: Chunk[]): Chunk[] {
  let first = -1;
  let last = -1;
  let eventAt = -1;
  let at = 0;
  const parser = createRecordingParser(dialect, {
    sample() {
      if (first < 0) first = at;
      last = at;
    },
    event() {
      if (first >= 0 && eventAt < 0) eventAt = at;
    },
  });
  for (const { fd, data } of chunks) {
    parser.push(fd, data);
    at++;
  }
  // The chunk of the first record may contain other lines.
  return eventAt >= 0 && eventAt <= last ? [] : chunks.slice(first + 1, last);
}

/** Share of the samples with all numbers right, 0–1. */
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
  const parser = createRecordingParser(dialect, {
    sample(fd, record) {
      if (wanted.delete(keyOf(toPrinted(fd, record)))) right++;
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
