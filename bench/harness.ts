/**
 * Shared by the benches: interleaved measurements with mitata, medians with their spread, and the report.
 *
 * A bench compares variants of the same work in one process. Each round measures every variant once, in an
 * order that rotates, so that a slow second of the machine affects all of them; ratios are taken within a round.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { measure } from 'mitata';

export interface Spread {
  median: number;
  /** Quartiles. */
  low: number;
  high: number;
}

export function spreadOf(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.round(share * (sorted.length - 1))] ?? NaN;
  return { median: at(0.5), low: at(0.25), high: at(0.75) };
}

/**
 * ns of CPU time of this thread: the clock for work without waiting. A wall clock also counts
 * other work of the machine.
 */
function threadTime(): number {
  // Linux updates a thread's clock at each scheduler tick (4 ms), and when that of the whole process is read:
  // without this a pass of 70 ms was measured as 68 or 72.
  process.cpuUsage();
  const { user, system } = process.threadCpuUsage();
  return (user + system) * 1000;
}

export interface Variant {
  name: string;
  /** The whole work, once. */
  run: () => unknown;
}

/**
 * ns of the thread's CPU for each variant in each round. `collects`: collect garbage before each, which takes 10 ms and
 * discards optimised code whose objects are gone.
 */
export async function interleave(
  variants: Variant[],
  rounds: number,
  { collects = true } = {},
): Promise<Map<string, number[]>> {
  const times = new Map<string, number[]>(variants.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let k = 0; k < variants.length; k++) {
      const { name, run } = variants[(round + k) % variants.length]!;
      // One warm call by mitata itself, then the samples.
      const { min } = await measure(run, {
        now: threadTime,
        min_samples: 2,
        max_samples: 2,
        min_cpu_time: 0,
        ...(collects ? {} : { gc: false }),
      });
      times.get(name)!.push(min);
    }
  }
  return times;
}

/** The ratio of `a` to `b` in each round. */
export function ratios(a: number[], b: number[]): Spread {
  return spreadOf(a.map((value, round) => value / b[round]!));
}

export function machine(): string {
  const [first] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  return `${cpus().length} × ${first?.model.trim() ?? 'unknown CPU'}, ${memory} GiB, ${process.platform} ${process.arch}, Node ${process.version}`;
}

/** Writes bench/results/NAME.json. @returns what it wrote */
export function keepReport(name: string, result: object): string {
  const whole = { bench: name, machine: machine(), measuredAt: new Date().toISOString(), ...result };
  const folder = join(import.meta.dirname, 'results');
  mkdirSync(folder, { recursive: true });
  const json = `${JSON.stringify(whole, null, 2)}\n`;
  writeFileSync(join(folder, `${name}.json`), json);
  return json;
}

/**
 * Like `keepReport`; prints the result with `--json`, else `text`.
 * @param name null = a part of a bench, which is not kept
 */
export function report(name: string | null, result: object, text: string): void {
  const json = name === null ? JSON.stringify(result, null, 2) : keepReport(name, result);
  console.log(process.argv.includes('--json') ? json.trimEnd() : `${text}\n${machine()}`);
}

/** Aligned columns, all but the first right-aligned. */
export function table(rows: string[][]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row.map((cell, k) => (k === 0 ? cell.padEnd(widths[k]!) : cell.padStart(widths[k]!))).join('  '),
    )
    .join('\n');
}
