/**
 * `npm run sim -- --seed N --runs K`: K simulated runs of the server, each with its own faults. A failing one is made
 * short and shown. `--mutate NAME` puts a known mistake in first, `--mutate all` each in turn: it has to be found.
 * `--plan FILE` runs a plan that was shown. Exit code 1 = a promise was broken, or a mistake was not found.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { type Mutation, MUTATIONS } from './mutations.ts';
import { Pool } from './pool.ts';
import type { Plan } from './plan/plan.ts';
import { bundleProduct } from './product/bundle.ts';
import type { Failure, Ran } from './worker.ts';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1000' },
    jobs: { type: 'string', default: String(availableParallelism()) },
    mutate: { type: 'string' },
    plan: { type: 'string' },
    /** Lines of the trace that are shown. */
    lines: { type: 'string', default: '60' },
    /** Shows the trace also of a run in which nothing is wrong. */
    trace: { type: 'boolean', default: false },
  },
});
const [seed, runs, jobs, lines] = [values.seed, values.runs, values.jobs, values.lines].map(Number) as [
  number,
  number,
  number,
  number,
];
const SHOWN_FAILURES = 3;
const PROGRESS_MS = 5_000;

if (values.plan !== undefined) {
  const plan = JSON.parse(readFileSync(values.plan, 'utf8')) as Plan;
  await showOne(await bundleProduct(mutationOf(values.mutate)), plan.seed, plan, false);
} else if (values.trace) {
  await showOne(await bundleProduct(mutationOf(values.mutate)), seed, null, false);
} else if (values.mutate === 'all') {
  await findAll();
} else {
  await runMany(mutationOf(values.mutate));
}

function mutationOf(name: string | undefined): Mutation | null {
  if (name === undefined) return null;
  const found = MUTATIONS.find((mutation) => mutation.name === name);
  if (found === undefined)
    throw new Error(`There is no mutation ${name}: ${MUTATIONS.map((one) => one.name).join(', ')}`);
  return found;
}

async function runMany(mutation: Mutation | null): Promise<void> {
  const code = await bundleProduct(mutation);
  const pool = new Pool(code, jobs);
  const startedMs = performance.now();
  const total = newTotal();
  const perSecond = (): string => (total.seeds / ((performance.now() - startedMs) / 1000)).toFixed(0);
  const timer = setInterval(() => {
    console.log(
      `${total.seeds} of ${runs} seeds, ${perSecond()}/s, ${total.failures.length} with violations`,
    );
  }, PROGRESS_MS);
  await pool.run(seed, runs, (ran) => {
    add(total, ran);
    for (const { seed: failing, violations } of ran.failures)
      console.log(`seed ${failing}: ${violations[0]}`);
    return total.failures.length < 20;
  });
  clearInterval(timer);
  const seconds = (performance.now() - startedMs) / 1000;
  const { complete, error, other } = total.downloads;
  console.log(`${total.seeds} seeds in ${seconds.toFixed(1)} s, ${perSecond()}/s, ${jobs} processes`);
  console.log(`${total.events} events, ${(total.virtualMs / 3_600_000).toFixed(0)} hours of the worlds`);
  console.log(
    `downloads: ${complete} complete, ${error} failed with a reason, ${other} removed or cancelled`,
  );
  for (const [name, times] of [...total.faults].sort((a, b) => b[1] - a[1]))
    console.log(`  ${String(times).padStart(7)} ${name}`);
  console.log(`${total.failures.length} seeds with violations`);
  for (const failure of total.failures.slice(0, SHOWN_FAILURES)) await showFailure(pool, failure);
  pool.close();
  process.exitCode = total.failures.length > 0 ? 1 : 0;
}

async function showFailure(pool: Pool, { seed: failing, violations }: Failure): Promise<void> {
  console.log(`\nseed ${failing}: npm run sim -- --seed ${failing} --runs 1`);
  for (const violation of violations.slice(0, 5)) console.log(`  ${violation}`);
  const { plan, lines: kept } = await pool.show({ seed: failing, plan: null, lines: 200_000, shrinks: true });
  console.log(
    `the shortest plan that fails so (for --plan FILE):\n${JSON.stringify(plan)}\nthe end of its trace:`,
  );
  const end = kept.findIndex((line) => line.includes('VIOLATION')) + 1 || kept.length;
  console.log(kept.slice(Math.max(0, end - lines), end).join('\n'));
}

async function showOne(code: string, of: number, plan: Plan | null, shrinks: boolean): Promise<void> {
  const pool = new Pool(code, 1);
  const shown = await pool.show({ seed: of, plan, lines: values.trace ? 1_000_000 : lines, shrinks });
  pool.close();
  console.log(JSON.stringify(shown.plan));
  console.log(shown.lines.join('\n'));
  console.log(`hash ${shown.hash}`);
  for (const violation of shown.violations) console.log(`VIOLATION ${violation}`);
  process.exitCode = shown.violations.length > 0 ? 1 : 0;
}

/** Each mutation: after how many seeds it was found. */
async function findAll(): Promise<void> {
  let missed = 0;
  console.log('| mutation | seeds until found | as |\n|---|---|---|');
  for (const mutation of MUTATIONS) {
    const pool = new Pool(await bundleProduct(mutation), jobs);
    const total = newTotal();
    await pool.run(seed, runs, (ran) => {
      add(total, ran);
      return total.failures.length === 0;
    });
    pool.close();
    const first = total.failures.sort((a, b) => a.seed - b.seed)[0];
    if (first === undefined) missed++;
    const found = first === undefined ? `not in ${runs}` : String(first.seed - seed + 1);
    console.log(`| ${mutation.name} | ${found} | ${first?.violations[0] ?? ''} |`);
  }
  process.exitCode = missed > 0 ? 1 : 0;
}

interface Total extends Omit<Ran, 'faults' | 'did'> {
  faults: Map<string, number>;
}

function newTotal(): Total {
  const downloads = { complete: 0, error: 0, other: 0 };
  return { seeds: 0, failures: [], faults: new Map(), downloads, events: 0, virtualMs: 0 };
}

function add(total: Total, ran: Ran): void {
  total.seeds += ran.seeds;
  total.failures.push(...ran.failures);
  total.events += ran.events;
  total.virtualMs += ran.virtualMs;
  for (const [name, times] of ran.faults) total.faults.set(name, (total.faults.get(name) ?? 0) + times);
  for (const key of ['complete', 'error', 'other'] as const) total.downloads[key] += ran.downloads[key];
}
