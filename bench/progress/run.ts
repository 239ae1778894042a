/**
 * `npm run bench -- progress [--json] [DIALECT…]`: the progress parser beside a byte loop, the blog's regex and a
 * regex on split text, over 64 MiB of looped real recordings for each dialect.
 */
import { inlineParser } from '#lib/annie/progress/inline.server.ts';
import { interleave, ratios, report, type Spread, spreadOf, table } from '../harness.ts';
import { blog, byteLoop, splitAndMatch } from './baselines.ts';
import { everyRecord, heapPerRecord, newestOnly, shareRight } from './ours.ts';
import { loadWork, type Work } from './work.ts';

const ROUNDS = 7;

interface Result {
  dialect: string;
  bytes: number;
  chunks: number;
  samples: number;
  shareRight: number;
  /** MB/s, by variant. */
  megabytesPerSecond: Record<string, Spread>;
  /** Speed over that of the byte loop, the blog's regex and split-and-regex. */
  overByteLoop: Spread;
  overBlog: Spread;
  overSplit: Spread;
  samplesPerSecond: number;
  /** What a chunk costs with every record decoded, and with only the newest of each made into a sample. */
  nsPerChunk: number;
  nsPerChunkNewestOnly: number;
  heapBytesPerRecord: number;
  byteSum: number;
}

async function measureOne(work: Work): Promise<Result> {
  const { bytes, chunks, samples } = work;
  const found = everyRecord(work);
  if (found !== samples) throw new Error(`${work.name}: ${found} records of ${samples}`);
  const times = await interleave(
    [
      { name: 'sluice', run: () => everyRecord(work) },
      { name: 'byteLoop', run: () => byteLoop(work) },
      { name: 'newest', run: () => newestOnly(work) },
      { name: 'blog', run: () => blog(work) },
      { name: 'split', run: () => splitAndMatch(work) },
    ],
    ROUNDS,
  );
  const of = (name: string): number[] => times.get(name)!;
  const speeds = [...times].map(([name, all]) => [name, spreadOf(all.map((ns) => (bytes / ns) * 1000))]);
  return {
    dialect: work.name,
    bytes,
    chunks,
    samples,
    shareRight: shareRight(work),
    megabytesPerSecond: Object.fromEntries(speeds) as Record<string, Spread>,
    overByteLoop: ratios(of('byteLoop'), of('sluice')),
    overBlog: ratios(of('blog'), of('sluice')),
    overSplit: ratios(of('split'), of('sluice')),
    samplesPerSecond: Math.round(samples / (spreadOf(of('sluice')).median / 1e9)),
    nsPerChunk: spreadOf(of('sluice')).median / chunks,
    nsPerChunkNewestOnly: spreadOf(of('newest')).median / chunks,
    heapBytesPerRecord: heapPerRecord(work),
    byteSum: byteLoop(work),
  };
}

// As the server does before it runs its first engine.
inlineParser();
const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const results: Result[] = [];
for (const work of loadWork()) {
  if (work.runs.length === 0) continue;
  if (asked.length > 0 && !asked.some((word) => work.name.includes(word))) continue;
  results.push(await measureOne(work));
}

const two = ({ median, low, high }: Spread): string =>
  `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
const rows = results.map((result) => [
  result.dialect,
  `${(result.shareRight * 100).toFixed(1)} %`,
  result.megabytesPerSecond['sluice']!.median.toFixed(0),
  result.megabytesPerSecond['byteLoop']!.median.toFixed(0),
  two(result.overByteLoop),
  two(result.overBlog),
  two(result.overSplit),
  (result.samplesPerSecond / 1e6).toFixed(2),
  result.nsPerChunk.toFixed(0),
  result.nsPerChunkNewestOnly.toFixed(0),
  result.heapBytesPerRecord.toFixed(1),
]);
const head = [
  'dialect',
  'right',
  'MB/s',
  'byte loop',
  'over byte loop',
  'over blog',
  'over split',
  'M samples/s',
  'ns/chunk',
  'newest only',
  'heap B/record',
];
const sums = results.map(({ dialect, byteSum }) => `${dialect} ${byteSum}`).join(', ');
report(
  'progress',
  { rounds: ROUNDS, results },
  `${table([head, ...rows])}\n\nSums of the byte loop: ${sums}`,
);
