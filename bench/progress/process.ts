/**
 * One process of the bench: all variants of all dialects, in rounds. Prints what its last round measured, as one line
 * of JSON: by then everything is compiled.
 */
import { interleave } from '../harness.ts';
import { blog, byteLoop, splitAndMatch } from './baselines.ts';
import { everyRecord, heapPerRecord, shareRight } from './ours.ts';
import { loadWork, type Work } from './work.ts';

const ROUNDS = 2;

export interface ProcessResult {
  dialect: string;
  bytes: number;
  chunks: number;
  samples: number;
  /** 0–1. */
  shareRight: number;
  /** ns of CPU for the whole work, by variant. */
  ns: Record<'sluice' | 'byteLoop' | 'blog' | 'split', number>;
  heapBytesPerRecord: number;
  byteSum: number;
}

async function measureOne(work: Work): Promise<ProcessResult> {
  const { name, bytes, chunks, samples } = work;
  const found = everyRecord(work);
  if (found !== samples) throw new Error(`${name}: ${found} records of ${samples}`);
  const times = await interleave(
    [
      { name: 'sluice', run: () => everyRecord(work) },
      { name: 'byteLoop', run: () => byteLoop(work) },
      { name: 'blog', run: () => blog(work) },
      { name: 'split', run: () => splitAndMatch(work) },
    ],
    ROUNDS,
  );
  const ns = Object.fromEntries([...times].map(([variant, all]) => [variant, all.at(-1)]));
  return {
    dialect: name,
    bytes,
    chunks,
    samples,
    shareRight: shareRight(work),
    ns: ns as ProcessResult['ns'],
    heapBytesPerRecord: heapPerRecord(work),
    byteSum: byteLoop(work),
  };
}

const asked = process.argv.slice(2);
const results: ProcessResult[] = [];
for (const work of loadWork()) {
  if (work.runs.length === 0) continue;
  if (asked.length > 0 && !asked.some((word) => work.name.includes(word))) continue;
  results.push(await measureOne(work));
}
console.log(JSON.stringify(results));
