/** Draws a plan from a seed: mostly small, with none to four faults, often at the calls where order matters, and resets for each lying file. */
import type { RemoteFileSpec } from '../net/remote-file.ts';
import { Random } from '../world/random.ts';
import type { Fault, Plan, PlannedAction, When } from './plan.ts';

/** Calls that change what a cut leaves, with a part of their path. */
const CALLS: readonly [syscall: string, path: string][] = [
  ['link', ''],
  ['link', ''],
  ['rename', 'landed.'],
  ['rename', 'landed.'],
  ['rename', 'finish.json'],
  ['rename', 'http-state'],
  ['rename', '.removed'],
  ['rename', 'check.json'],
  ['write', 'owner.json'],
  ['write', 'http-body'],
  ['write', 'http-state'],
  ['fdatasync', 'landed.'],
  ['fdatasync', ''],
  ['fsync', ''],
  ['unlink', ''],
  ['mkdir', ''],
  ['commit', ''],
  ['commit', ''],
  ['commit', ''],
];

export function makePlan(seed: number): Plan {
  const random = new Random(seed, 'plan');
  const hosts = Array.from({ length: 1 + random.below(3) }, (_, i) => ({
    name: `host${i}.example`,
    bytesPerMs: random.pick([200, 1_000, 5_000, 20_000]),
    delayMs: random.pick([1, 5, 40]),
  }));
  const files = Array.from({ length: 1 + random.below(4) }, (_, i) => makeFile(random, hosts, i));
  const downloads = Array.from({ length: 1 + random.below(5) }, () => ({
    at: 100 + random.below(3_000),
    session: random.below(2),
    file: random.below(files.length),
    hasSha256: random.chance(0.2),
    filename: random.chance(0.3) ? 'chosen' : null,
  }));
  const actions = Array.from({ length: random.pick([0, 0, 1, 2, 3]) }, () => makeAction(random, downloads));
  const faults = Array.from({ length: random.pick([0, 1, 1, 2, 2, 3, 4]) }, () => makeFault(random, hosts));
  // A lie shows itself where a transfer is interrupted.
  for (const { host, lie } of files) {
    if (lie !== 'none')
      faults.push({ kind: 'resets', host, count: 1 + random.below(3), at: random.below(1_500) });
  }
  return {
    seed,
    order: random.chance(0.8) ? 'ordered' : 'weak',
    hasLinks: random.chance(0.95),
    hasFolderBelow: random.chance(0.5),
    syncMs: random.pick([2, 2, 20, 150]),
    maxActive: random.pick([1, 2, 8]),
    maxActivePerSession: random.pick([1, 3]),
    hosts,
    files,
    downloads,
    actions,
    faults,
  };
}

function makeFile(random: Random, hosts: Plan['hosts'], index: number): RemoteFileSpec {
  const isLying = random.chance(0.12);
  return {
    host: random.pick(hosts).name,
    name: `file${index}.mp4`,
    bytes: isLying ? 50_000 + drawSize(random) : drawSize(random),
    validators: random.pick(['etag', 'etag', 'etag', 'weak-etag', 'date', 'none']),
    hasRanges: random.chance(0.85),
    isChunked: random.chance(0.1),
    lie: isLying
      ? random.pick(['tail-as-whole', 'other-start', 'other-total', 'ignores-if-range', 'no-if-range-etag'])
      : 'none',
    replacedAt: random.chance(isLying ? 0.5 : 0.08) ? random.below(random.pick([2_000, 8_000])) : null,
  };
}

/** Mostly while the download is under way. */
function makeAction(random: Random, downloads: Plan['downloads']): PlannedAction {
  const download = random.below(downloads.length);
  const { at } = downloads[download] as Plan['downloads'][number];
  return {
    at: at + 5 + random.below(random.pick([300, 1_500, 8_000])),
    do: random.pick(['pause', 'resume', 'cancel', 'retry', 'remove', 'remove-file']),
    download,
  };
}

function makeWhen(random: Random): When {
  if (random.chance(0.3)) return { at: random.below(8_000) };
  const [syscall, path] = random.pick(CALLS);
  const nth = 1 + random.below(random.pick([1, 2, 4, 12]));
  return { from: random.below(3_000), syscall, path, nth, side: random.pick(['before', 'after']) };
}

function makeFault(random: Random, hosts: Plan['hosts']): Fault {
  const at = random.below(8_000);
  const forMs = random.pick([random.below(2_000), random.below(20_000), random.below(90_000)]);
  const host = random.pick(hosts).name;
  const downMs = random.pick([10, 500, 5_000]);
  const kinds: [weight: number, make: () => Fault][] = [
    [6, () => ({ kind: 'kill', when: makeWhen(random), downMs })],
    [8, () => ({ kind: 'cut', when: makeWhen(random), downMs })],
    [1, () => ({ kind: 'stop', at, downMs })],
    [
      2,
      () => ({
        kind: 'network',
        way: random.pick(['no-route', 'no-dns', 'silent']),
        resets: random.next(),
        at,
        forMs,
      }),
    ],
    [1, () => ({ kind: 'slow', factor: random.pick([3, 10]), at, forMs: Math.min(forMs, 10_000) })],
    [
      2,
      () => ({
        kind: 'host',
        host,
        mode: random.pick(['refuses', 'silent']),
        resets: random.next(),
        at,
        forMs,
      }),
    ],
    [
      1,
      () => ({
        kind: 'host',
        host,
        mode: random.pick(['busy', 'broken', 'no-name']),
        resets: 0,
        at,
        forMs: forMs / 4,
      }),
    ],
    [3, () => ({ kind: 'resets', host, count: 1 + random.below(3), at: at / 2 })],
    [2, () => ({ kind: 'disk', how: random.pick(['full', 'read-only', 'denied', 'io-errors']), at, forMs })],
    [
      3,
      () => ({ kind: 'unplugged', when: makeWhen(random), forMs: random.pick([random.below(600), forMs]) }),
    ],
    [2, () => ({ kind: 'failing-sync', at })],
    [1, () => ({ kind: 'failing-commit', at })],
    [1, () => ({ kind: 'work-removed', at })],
    [1, () => ({ kind: 'clock', byMs: random.pick([-3_600_000, -5_000, 5_000, 3_600_000]), at })],
  ];
  let left = random.below(kinds.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, make] of kinds) {
    left -= weight;
    if (left < 0) return make();
  }
  throw new Error('unreachable');
}

/** Mostly small; some above the limits of the engine: 1 MiB (segments are saved), 8 MiB (the fast path), 16 MiB (more). */
function drawSize(random: Random): number {
  const drawn = random.next();
  if (drawn < 0.1) return random.below(10);
  if (drawn < 0.5) return random.below(10_000);
  if (drawn < 0.85) return random.below(150_000);
  if (drawn < 0.975) return 1_048_576 + random.below(600_000);
  if (drawn < 0.995) return 2_000_000 + random.below(2_000_000);
  return 16_777_216 + random.below(1_000_000);
}
