/**
 * `npm run bench -- progress [--json] [DIALECT…]`: the progress parser beside a byte loop, the blog's regex and a
 * regex on split text, over 64 MiB of looped real recordings for each dialect.
 *
 * In several processes one after the other: what V8 puts in line differs from one to the next, by up to 20 of 100.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ratios, report, type Spread, spreadOf, table } from '../harness.ts';
import type { ProcessResult } from './process.ts';

const PROCESSES = 7;

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

function runProcess(dialects: string[]): ProcessResult[] {
  const program = join(import.meta.dirname, 'process.ts');
  const out = execFileSync(process.execPath, ['--expose-gc', program, ...dialects], { encoding: 'utf8' });
  return JSON.parse(out) as ProcessResult[];
}

/** @param all of one dialect, one a process */
function resultOf(all: ProcessResult[]): Result {
  const { dialect, bytes, chunks, samples, byteSum } = all[0] as ProcessResult;
  const of = (variant: keyof ProcessResult['ns']): number[] => all.map(({ ns }) => ns[variant]);
  const speed = (variant: keyof ProcessResult['ns']): Spread =>
    spreadOf(of(variant).map((ns) => (bytes / ns) * 1000));
  const ns = spreadOf(of('sluice')).median;
  return {
    dialect,
    bytes,
    chunks,
    samples,
    shareRight: Math.min(...all.map(({ shareRight }) => shareRight)),
    megabytesPerSecond: {
      sluice: speed('sluice'),
      byteLoop: speed('byteLoop'),
      newest: speed('newest'),
      blog: speed('blog'),
      split: speed('split'),
    },
    overByteLoop: ratios(of('byteLoop'), of('sluice')),
    overBlog: ratios(of('blog'), of('sluice')),
    overSplit: ratios(of('split'), of('sluice')),
    samplesPerSecond: Math.round(samples / (ns / 1e9)),
    nsPerChunk: ns / chunks,
    nsPerChunkNewestOnly: spreadOf(of('newest')).median / chunks,
    heapBytesPerRecord: Math.max(...all.map(({ heapBytesPerRecord }) => heapBytesPerRecord)),
    byteSum,
  };
}

const asked = process.argv.slice(2).filter((word) => !word.startsWith('--'));
const processes = Array.from({ length: PROCESSES }, () => runProcess(asked));
const results = (processes[0] ?? []).map((_, k) => resultOf(processes.flatMap((all) => all[k] ?? [])));

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
  { processes: PROCESSES, results },
  `${table([head, ...rows])}\n\nSums of the byte loop: ${sums}`,
);
