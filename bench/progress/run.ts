/**
 * `npm run bench:progress [-- DIALECT…] [--thorough] [--json]`: the progress parser compared with a bare loop over the same
 * bytes, the blog's regex and a regex on split text, over looped real recordings of each dialect.
 *
 * A first table is printed within seconds. Then several processes run one after the other, as V8's inlining
 * differs between them, with up to 20 % in speed. A run of all dialects writes bench/results/progress.json and draws
 * docs/parser-speed.svg from it.
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { keepReport, machine, table } from '../harness.ts';
import { chartOf } from './chart.ts';
import type { ProcessResult } from './process.ts';
import { combine, type DialectResult, type ProgressReport, type Range } from './result.ts';
import type { Scale } from './work.ts';

const PROCESSES = 7;
/** No further process starts that might not end by then; with `--thorough` all of them run. */
const DEADLINE_MS = 80_000;

const words = process.argv.slice(2);
const isThorough = words.includes('--thorough');
const asksForJson = words.includes('--json');
const asked = words.filter((word) => !word.startsWith('--'));

async function runProcess(scale: Scale): Promise<ProcessResult[]> {
  const program = join(import.meta.dirname, 'process.ts');
  const child = spawn(process.execPath, ['--expose-gc', program, scale, ...asked], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  const results: ProcessResult[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    results.push(JSON.parse(line) as ProcessResult);
  }
  const code = await ended;
  if (code !== 0) throw new Error(`A process of the bench ended with ${code}.`);
  return results;
}

function print(text: string): void {
  if (!asksForJson) console.log(text);
}

const two = (ratio: number): string => ratio.toFixed(2);

function firstLook(results: readonly ProcessResult[]): string {
  const rows = results.map(({ dialect, records, ns, overByteLoop }) => [
    dialect,
    two(records / (ns / 1e3)),
    two(overByteLoop),
  ]);
  return table([['a first look, not counted', 'M records/s', 'over byte loop'], ...rows]);
}

function wholeTable(results: readonly DialectResult[]): string {
  const rangeText = ({ min, median, max }: Range): string => `${two(median)} (${two(min)}–${two(max)})`;
  const rows = results.map((result) => [
    result.dialect,
    result.readBy,
    `${(result.shareRight * 100).toFixed(1)} %`,
    two(result.recordsPerSecond.median / 1e6),
    result.megabytesPerSecond.median.toFixed(0),
    rangeText(result.overByteLoop),
    rangeText(result.overBlog),
    rangeText(result.overSplit),
    result.heapBytesPerRecord.toFixed(1),
  ]);
  const over = ['over byte loop', 'over blog', 'over split'];
  return table([['dialect', 'by', 'right', 'M records/s', 'MB/s', ...over, 'heap B/record'], ...rows]);
}

const began = performance.now();
const load = (): number => loadavg()[0] ?? NaN;
const before = load();
print(`${firstLook(await runProcess('first'))}\n`);
const all: ProcessResult[][] = [];
let slowestMs = 0;
while (all.length < PROCESSES && (isThorough || performance.now() - began + slowestMs < DEADLINE_MS)) {
  const start = performance.now();
  all.push(await runProcess(isThorough ? 'thorough' : 'short'));
  slowestMs = Math.max(slowestMs, performance.now() - start);
  print(`${all.length} of ${PROCESSES} processes after ${((performance.now() - began) / 1000).toFixed(0)} s`);
}

const results = (all[0] ?? []).map((_, k) => combine(all.flatMap((one) => one[k] ?? [])));
const measured = { thorough: isThorough, processes: all.length, load: [before, load()], results };
if (asked.length === 0) {
  const report = JSON.parse(keepReport('progress', measured)) as ProgressReport;
  writeFileSync(join(import.meta.dirname, '../../docs/parser-speed.svg'), chartOf(report));
}
if (asksForJson) console.log(JSON.stringify(measured, null, 2));
print(`\n${wholeTable(results)}\n\n${all.length} processes, median (min–max); ${machine()}`);
print(`load ${before.toFixed(1)} at the start, ${load().toFixed(1)} at the end`);
