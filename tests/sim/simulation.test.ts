/**
 * The short form of `npm run sim` (docs/simulation.md): some seeds, that they replay, and that a mistake in the order of
 * things is found and made short.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MUTATIONS } from '../../sim/mutations.ts';
import { makePlan } from '../../sim/plan/make-plan.ts';
import type { Plan } from '../../sim/plan/plan.ts';
import { bundleProduct } from '../../sim/product/bundle.ts';
import { loadProduct } from '../../sim/product/load.ts';
import { shrink } from '../../sim/shrink.ts';
import { simulate, type SimulationResult } from '../../sim/simulate.ts';

type Product = ReturnType<typeof loadProduct>;

const SEEDS = 200;
const MUTATED_SEEDS = 150;

const bundles = new Map<string | null, Promise<string>>();

async function product(mutation: string | null): Promise<Product> {
  const found = mutation === null ? null : MUTATIONS.find(({ name }) => name === mutation);
  assert.is.not(found, undefined);
  const code = bundles.get(mutation) ?? bundleProduct(found ?? null);
  bundles.set(mutation, code);
  return loadProduct(await code);
}

/** The simulation runs all microtasks by itself, which nothing inside of one can. */
function outsideMicrotasks<T>(work: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(work());
      } catch (thrown) {
        reject(thrown as Error);
      }
    });
  });
}

/** The first run with a violation. */
function firstFailure(start: Product, seeds: number): SimulationResult | null {
  for (let seed = 1; seed <= seeds; seed++) {
    const result = simulate(makePlan(seed), start);
    if (result.violations.length > 0) return result;
  }
  return null;
}

test('the promises hold in every run, whatever fails, and most downloads are complete in the end', async () => {
  const start = await product(null);
  const downloads = { complete: 0, error: 0, other: 0 };
  await outsideMicrotasks(() => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const result = simulate(makePlan(seed), start);
      assert.equal(result.violations, [], `npm run sim -- --seed ${seed} --runs 1`);
      for (const key of ['complete', 'error', 'other'] as const) downloads[key] += result.downloads[key];
    }
  });
  assert.ok(downloads.complete > 2 * SEEDS, JSON.stringify(downloads));
});

test('a seed gives the same trace byte by byte, also when others ran before it', async () => {
  const [once, again] = [await product(null), await product(null)];
  const seeds = [3, 8, 21, 34, 55];
  await outsideMicrotasks(() => {
    const traceOf = (start: Product, seed: number): string =>
      simulate(makePlan(seed), start, { keptLines: 100_000 }).lines.join('\n');
    const first = new Map(seeds.map((seed) => [seed, traceOf(once, seed)]));
    for (const seed of seeds.reverse()) assert.is(traceOf(again, seed), first.get(seed));
    assert.is.not(first.get(3), first.get(8));
  });
});

for (const name of [
  'no fsync of the folder',
  'a begun move is not resumed',
  'answers leave before the commit',
]) {
  test(`it finds the mistake: ${name}`, async () => {
    const start = await product(name);
    const failure = await outsideMicrotasks(() => firstFailure(start, MUTATED_SEEDS));
    assert.is.not(failure, null);
  });
}

test('a failing plan is made shorter, and still fails', async () => {
  const start = await product('no fsync of the folder');
  await outsideMicrotasks(() => {
    const fails = (plan: Plan): boolean => simulate(plan, start).violations.length > 0;
    const plan = makePlan(firstFailure(start, MUTATED_SEEDS)?.seed ?? 0);
    const shortest = shrink(plan, fails);
    assert.ok(fails(shortest));
    assert.is(shortest.downloads.length, 1);
    assert.equal([shortest.faults, shortest.actions], [[], []]);
  });
});

test.run();
