/**
 * `npm run bench -- sha-256 [--rounds 5] [--mib 1024]`: one large file with and without the SHA-256 check, and
 * eight at once, in turn. The cost of the check in wall and CPU time, and the delays of the main thread.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { prepareBuild } from '../../scripts/tools/test-build.ts';
import { PROJECT, startServer, type TestServer } from '../../tests/support/server.ts';
import { waitFor } from '../../tests/support/wait.ts';
import { BenchClient, type CompletedDownload } from '../client.ts';
import { report, spreadOf, table } from '../harness.ts';
import { contentHash } from '../origin/content.ts';
import { startOrigin } from '../origin/start.ts';
import { cpuSecondsOf } from '../processes.ts';
import { warmMemory } from '../warm-memory.ts';
import type { MainThread } from './main-thread.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    mib: { type: 'string', default: '1024' },
    json: { type: 'boolean' },
  },
});
const [rounds, bytes] = [Number(values.rounds), Number(values.mib) * 2 ** 20];
const AT_ONCE = 8;

interface Cost {
  wallSeconds: number;
  cpuSeconds: number;
  mainCpuSeconds: number;
  /** From the first file with all bytes to the end: while files are hashed. */
  finishSeconds: number;
  finishLateP99Ms: number;
  finishLateMaxMs: number;
}

prepareBuild(PROJECT);
const dir = mkdtempSync(join(tmpdir(), 'sluice-bench-sha-'));
const file = join(dir, 'main-thread.json');
const preload = pathToFileURL(join(import.meta.dirname, 'main-thread.ts')).href;
const env = {
  BENCH_MAIN_THREAD: file,
  NODE_OPTIONS: `--import ${preload}`,
  SLUICE_ENGINES: 'http',
  SLUICE_MAX_ACTIVE_PER_SESSION: String(AT_ONCE),
};
const origin = await startOrigin();
const server = await startServer({ env });
const client = await BenchClient.open(server.url);
let looks = 0;

async function look({ pid }: TestServer): Promise<MainThread> {
  const wanted = ++looks;
  process.kill(pid, 'SIGUSR2');
  const read = (): MainThread | null =>
    existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as MainThread) : null;
  await waitFor(() => read()?.round === wanted, { what: 'the main thread to be seen' });
  return read()!;
}

async function measure(count: number, isChecked: boolean): Promise<Cost> {
  const each = bytes / count;
  await warmMemory(server.place.downloadDir, bytes * 1.25);
  const sha256 = contentHash(each);
  const before = await look(server);
  const cpuBefore = cpuSecondsOf(server.pid);
  const startedAt = performance.now();
  let finishAt = 0;
  let seen: Promise<unknown> = Promise.resolve();
  const landed: CompletedDownload[] = await Promise.all(
    Array.from({ length: count }, (_, n) =>
      client.download({
        url: origin.url({ name: `large-${n}`, bytes: each }),
        ...(isChecked ? { sha256 } : {}),
        onState(state) {
          if (state !== 'finish' || finishAt > 0) return;
          finishAt = performance.now();
          // Resets the monitor; the result is not used.
          seen = look(server);
        },
      }),
    ),
  );
  const endedAt = performance.now();
  await seen;
  const after = await look(server);
  const cost = {
    wallSeconds: (endedAt - startedAt) / 1000,
    cpuSeconds: cpuSecondsOf(server.pid) - cpuBefore,
    mainCpuSeconds: after.cpuSeconds - before.cpuSeconds,
    finishSeconds: finishAt === 0 ? 0 : (endedAt - finishAt) / 1000,
    finishLateP99Ms: after.lateMs.p99,
    finishLateMaxMs: after.lateMs.max,
  };
  for (const { id, name } of landed) {
    const workDir = join(server.place.downloadDir, '.sluice', id);
    await waitFor(() => !existsSync(workDir), { what: 'the file to be on the disk', deadlineMs: 60_000 });
    rmSync(join(server.place.downloadDir, name));
  }
  return cost;
}

const variants: [string, () => Promise<Cost>][] = [
  ['one, not checked', () => measure(1, false)],
  ['one, checked', () => measure(1, true)],
  [`${AT_ONCE} at once, not checked`, () => measure(AT_ONCE, false)],
  [`${AT_ONCE} at once, checked`, () => measure(AT_ONCE, true)],
];
const costs = new Map<string, Cost[]>(variants.map(([name]) => [name, []]));
try {
  // Warm-up: once each without being counted.
  for (let round = -1; round < rounds; round++) {
    for (let k = 0; k < variants.length; k++) {
      // In both orders, so that the effects of one on the next cancel out.
      const [name, run] = variants.at(round % 2 === 0 ? k : -1 - k)!;
      const cost = await run();
      if (round >= 0) costs.get(name)!.push(cost);
    }
  }
} finally {
  client.close();
  await server.stop();
  await origin.close();
  rmSync(dir, { recursive: true });
}

const keys = [
  'wallSeconds',
  'cpuSeconds',
  'mainCpuSeconds',
  'finishSeconds',
  'finishLateP99Ms',
  'finishLateMaxMs',
] as const;
const result = Object.fromEntries(
  [...costs].map(([name, list]) => [
    name,
    Object.fromEntries(keys.map((key) => [key, spreadOf(list.map((cost) => cost[key]))])),
  ]),
);
const rows = [
  [`${values.mib} MiB`, 'wall s', 'CPU s', 'main thread s', 'finish s', 'late p99 ms', 'late max ms'],
  ...[...costs].map(([name, list]) => [
    name,
    ...keys.map((key) => spreadOf(list.map((cost) => cost[key])).median.toFixed(2)),
  ]),
];
report('sha-256', { rounds, bytes, ...result }, table(rows));
