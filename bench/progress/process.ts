/**
 * One process of the bench: all variants of all dialects, in rounds. Prints a line of JSON for each dialect once it is
 * measured. `node process.ts SCALE [DIALECT…]`
 */
import { interleave, spreadOf } from '../harness.ts';
import { blog, byteLoop, splitAndMatch } from './baselines.ts';
import { everyRecord, heapPerRecord, shareRight } from './ours.ts';
import { loadWork, type ReadBy, type Scale, type Work } from './work.ts';

/** The first is a warm-up and not counted. */
const ROUNDS = 4;
/** Bytes for the regexes: fewer, as they are four times slower with little variance. */
const REGEX_BYTES = 2 ** 20;

export interface ProcessResult {
  dialect: string;
  readBy: ReadBy;
  bytes: number;
  chunks: number;
  records: number;
  /** 0–1. */
  shareRight: number;
  /** ns of CPU for the whole work. */
  ns: number;
  /** Speed relative to each baseline: the median over the rounds. */
  overByteLoop: number;
  overBlog: number;
  overSplit: number;
  heapBytesPerRecord: number;
  /** The checksum, so that the loop is not optimised away. */
  byteSum: number;
}

async function measureOne(work: Work): Promise<ProcessResult> {
  const { name, readBy, bytes, chunks, records } = work;
  const ours = everyRecord(work);
  const found = ours();
  if (found !== records) throw new Error(`${name}: ${found} records of ${records}`);
  const loops = Math.ceil(work.loops * Math.min(1, REGEX_BYTES / bytes));
  const part = { ...work, loops };
  const times = await interleave(
    [
      { name: 'sluice', run: ours },
      { name: 'byteLoop', run: () => byteLoop(work) },
      { name: 'blog', run: () => blog(part) },
      { name: 'split', run: () => splitAndMatch(part) },
    ],
    ROUNDS,
    { collects: false },
  );
  const counted = (variant: string, whole = 1): number[] =>
    (times.get(variant) ?? []).slice(1).map((ns) => ns * whole);
  const own = counted('sluice');
  const over = (variant: string, whole?: number): number =>
    spreadOf(counted(variant, whole).map((ns, round) => ns / (own[round] ?? NaN))).median;
  return {
    ...{ dialect: name, readBy, bytes, chunks, records },
    shareRight: shareRight(work),
    ns: spreadOf(own).median,
    overByteLoop: over('byteLoop'),
    overBlog: over('blog', work.loops / loops),
    overSplit: over('split', work.loops / loops),
    heapBytesPerRecord: heapPerRecord(work),
    byteSum: byteLoop(work),
  };
}

const [scale, ...asked] = process.argv.slice(2) as [Scale, ...string[]];
for (const work of loadWork(scale, asked)) console.log(JSON.stringify(await measureOne(work)));
