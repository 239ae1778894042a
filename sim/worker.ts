/** Runs simulations in a process of its own, as many as it is told. */
import { loadProduct, type ProcessParts, type ProductModule } from './product/load.ts';
import { makePlan } from './plan/make-plan.ts';
import type { Plan } from './plan/plan.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';

export type Order =
  /** The product's script. */
  | { do: 'load'; code: string }
  | { do: 'run'; from: number; count: number }
  /** One plan, or that of a seed: with its trace, and made as short as it can be if it fails. */
  | { do: 'show'; seed: number; plan: Plan | null; lines: number; shrinks: boolean };

export interface Failure {
  seed: number;
  violations: string[];
}

export interface Ran {
  did: 'run';
  seeds: number;
  failures: Failure[];
  /** How often each fault came about. */
  faults: [string, number][];
  downloads: { complete: number; error: number; other: number };
  events: number;
  /** ms of the worlds. */
  virtualMs: number;
}

export interface Shown {
  did: 'show';
  plan: Plan;
  violations: string[];
  lines: readonly string[];
  hash: string;
}

let startProcess: ((parts: ProcessParts) => ProductModule) | null = null;

// Thousands of errors are made in each run, and nobody reads where.
Error.stackTraceLimit = 0;
process.on('message', (order: Order) => {
  if (order.do === 'load') startProcess = loadProduct(order.code);
  else if (startProcess !== null)
    process.send?.(order.do === 'run' ? run(order, startProcess) : show(order, startProcess));
});
process.on('disconnect', () => process.exit());

function run({ from, count }: Extract<Order, { do: 'run' }>, start: NonNullable<typeof startProcess>): Ran {
  const faults = new Map<string, number>();
  const ran: Ran = {
    ...{ did: 'run', seeds: count, failures: [], faults: [], events: 0, virtualMs: 0 },
    downloads: { complete: 0, error: 0, other: 0 },
  };
  for (let seed = from; seed < from + count; seed++) {
    const result = simulate(makePlan(seed), start);
    if (result.violations.length > 0) ran.failures.push({ seed, violations: result.violations });
    for (const [name, times] of result.faults) faults.set(name, (faults.get(name) ?? 0) + times);
    for (const key of ['complete', 'error', 'other'] as const) ran.downloads[key] += result.downloads[key];
    ran.events += result.events;
    ran.virtualMs += result.tookMs;
  }
  ran.faults = [...faults];
  return ran;
}

function show(order: Extract<Order, { do: 'show' }>, start: NonNullable<typeof startProcess>): Shown {
  const { seed, lines, shrinks } = order;
  let plan = order.plan ?? makePlan(seed);
  const kindOf = (tried: Plan): string => kind(simulate(tried, start).violations[0]);
  if (shrinks) {
    const wanted = kindOf(plan);
    if (wanted !== '') plan = shrink(plan, (shorter) => kindOf(shorter) === wanted);
  }
  const { violations, hash, lines: kept } = simulate(plan, start, { keptLines: lines });
  return { did: 'show', plan, violations, hash, lines: kept };
}

/** What is the same in two violations of a kind: no names, ids and numbers. */
function kind(violation = ''): string {
  return violation.replace(/\S*[\d.]\S*/g, '*');
}
