/** Plans in which the simulation found a mistake of the product: right as it is, and wrong with the mistake put in again. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MUTATIONS } from '../../sim/mutations.ts';
import type { Plan } from '../../sim/plan/plan.ts';
import { bundleProduct } from '../../sim/product/bundle.ts';
import { loadProduct } from '../../sim/product/load.ts';
import { simulate } from '../../sim/simulate.ts';

const HOST: Plan['hosts'][number] = { name: 'host0.example', bytesPerMs: 20_000, delayMs: 5 };

function file(name: string, bytes: number): Plan['files'][number] {
  const kind = {
    validators: 'etag',
    hasRanges: true,
    isChunked: false,
    lie: 'none',
    replacedAt: null,
  } as const;
  return { host: HOST.name, name, bytes, ...kind };
}

const ANY: Omit<Plan, 'downloads' | 'faults'> = {
  seed: 20_006_128,
  order: 'ordered',
  hasLinks: true,
  hasFolderBelow: false,
  syncMs: 20,
  maxActive: 1,
  maxActivePerSession: 1,
  hosts: [HOST],
  files: [file('first.mp4', 1_316_690), file('second.mp4', 76)],
  actions: [],
};
const ADD = { session: 0, hasSha256: false, filename: null };

const FOUND: [mutation: string, plan: Plan, violation: RegExp][] = [
  [
    // The kernel has called the pages clean, and the process ends before it has removed them.
    'a file whose sync may have failed is not written again',
    {
      ...ANY,
      downloads: [{ ...ADD, at: 1371, file: 1 }],
      faults: [
        { kind: 'failing-sync', at: 583 },
        {
          kind: 'kill',
          when: { from: 440, syscall: 'unlink', path: '', nth: 1, side: 'before' },
          downMs: 500,
        },
      ],
    },
    /^complete, but the bytes of second\.mp4 are not on the platter/,
  ],
  [
    // The third download gets the emptied work dir of the first one: the cut undoes that it was emptied.
    'what a reused work dir held before is its own',
    {
      ...ANY,
      order: 'weak',
      downloads: [
        { ...ADD, at: 934, file: 0, hasSha256: true },
        { ...ADD, at: 1033, file: 0 },
        { ...ADD, at: 1140, file: 1, filename: 'chosen' },
      ],
      faults: [
        {
          kind: 'cut',
          when: { from: 180, syscall: 'fdatasync', path: 'landed.', nth: 3, side: 'before' },
          downMs: 500,
        },
      ],
    },
    /first\.mp4 is complete, and not there/,
  ],
];

const asItIs = bundleProduct(null);

async function violationsOf(plan: Plan, bundle: Promise<string>): Promise<string[]> {
  const product = loadProduct(await bundle);
  // The simulation runs all microtasks by itself, which nothing inside of one can.
  return new Promise((resolve) => setImmediate(() => resolve(simulate(plan, product).violations)));
}

for (const [mutation, plan, violation] of FOUND) {
  test(`it is found at once: ${mutation}`, async () => {
    assert.equal(await violationsOf(plan, asItIs), []);
    const mistake = MUTATIONS.find(({ name }) => name === mutation) ?? null;
    const [first = ''] = await violationsOf(plan, bundleProduct(mistake));
    assert.match(first, violation);
  });
}

test.run();
