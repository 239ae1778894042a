/** What the embedded host costs: a durable round trip beside SQLite's own commit, adds a second, memory a session. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createEmbeddedHost, define, type EmbeddedHost } from '../../src/lib/actors/durable/host.server.ts';
import { report, table } from '../harness.ts';
import { BenchObject } from './object.ts';

const ROUND_TRIPS = 3000;
const ADDS = 10_000;
const AT_ONCE = 300;
const SESSIONS = 10_000;
const PROGRESS = 100_000;

interface Quantiles {
  p50: number;
  p99: number;
}

function quantiles(values: number[]): Quantiles {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99) };
}

async function timed(count: number, body: (index: number) => unknown): Promise<number[]> {
  const times: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const start = performance.now();
    await body(index);
    times.push(performance.now() - start);
  }
  return times;
}

/** The floor: one row, one commit, nothing of ours. */
async function bareCommits(dir: string): Promise<Quantiles> {
  const database = new DatabaseSync(path.join(dir, 'bare.db'));
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec('CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID');
  const put = database.prepare('INSERT OR REPLACE INTO t VALUES (?, ?)');
  const times = await timed(ROUND_TRIPS, (index) => put.run('row', rowOf(index)));
  database.close();
  return quantiles(times);
}

async function adds(host: EmbeddedHost): Promise<{ perSecond: number; latencyMs: Quantiles }> {
  const times: number[] = [];
  let next = 0;
  const start = performance.now();
  const worker = async (): Promise<void> => {
    while (next < ADDS) {
      const number = next++;
      const at = performance.now();
      await host.get<BenchObject>('bench', `session-${number % 50}`).call('add', number);
      times.push(performance.now() - at);
      // As over sockets: the next request comes in a later turn of the loop.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { perSecond: ADDS / ((performance.now() - start) / 1000), latencyMs: quantiles(times) };
}

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-'));
const host = createEmbeddedHost({
  storage: path.join(dir, 'state.db'),
  classes: { bench: define(BenchObject, null) },
  onError: (error) => {
    throw error;
  },
});
const stub = host.get<BenchObject>('bench', 'a');
// Never the same twice: SQLite does not write a page that would not change.
const rowOf = (index: number): string => `${index} ${'x'.repeat(200)}`;
await timed(500, (index) => stub.call('put', rowOf(-index)));
const bare = await bareCommits(dir);
const roundTrip = quantiles(await timed(ROUND_TRIPS, (index) => stub.call('put', rowOf(index))));
const added = await adds(host);
let commits = 0;
const stop = host.observe(({ type }) => {
  if (type === 'commit') commits += 1;
});
const progressStart = performance.now();
for (let round = 0; round < PROGRESS / 1000; round += 1) {
  await Promise.all(Array.from({ length: 1000 }, () => stub.call('progress')));
}
const progressPerSecond = PROGRESS / ((performance.now() - progressStart) / 1000);
stop();
await host.close();

fs.rmSync(dir, { recursive: true });

function bytesOf(mode: 'bare' | 'live' | 'evicted', whose: 'object' | 'session'): number {
  const program = path.join(import.meta.dirname, 'memory.ts');
  return Number(execFileSync(process.execPath, ['--expose-gc', program, mode, String(SESSIONS), whose]));
}
const memory = {
  liveBytes: bytesOf('live', 'session'),
  evictedBytes: bytesOf('evicted', 'session'),
  hostLiveBytes: bytesOf('live', 'object'),
  hostEvictedBytes: bytesOf('evicted', 'object'),
  bareBytes: bytesOf('bare', 'object'),
};

const ms = (value: number): string => `${value.toFixed(3)} ms`;
const kB = (value: number): string => `${(value / 1000).toFixed(1)} kB`;
report(
  'durable',
  {
    bareCommitMs: bare,
    roundTripMs: roundTrip,
    adds: added,
    progressPerSecond,
    progressCommits: commits,
    memory,
  },
  table([
    ['', 'p50', 'p99', 'limit'],
    ['one row committed by SQLite alone (FULL)', ms(bare.p50), ms(bare.p99), ''],
    ['a call with one put, one at a time', ms(roundTrip.p50), ms(roundTrip.p99), '0.5 / 2.5 ms'],
    [
      `${ADDS} adds of 4 rows, ${AT_ONCE} at once`,
      ms(added.latencyMs.p50),
      ms(added.latencyMs.p99),
      'p99 300 ms',
    ],
    ['  a second', added.perSecond.toFixed(0), '', '1500'],
    [`calls without writes a second (${commits} commits)`, progressPerSecond.toFixed(0), '', ''],
    [`RSS a session, ${SESSIONS} sockets: live`, kB(memory.liveBytes), '', '18 kB'],
    ['  evicted', kB(memory.evictedBytes), '', '12 kB'],
    ['  the host alone: live', kB(memory.hostLiveBytes), '', ''],
    ['  the host alone: evicted', kB(memory.hostEvictedBytes), '', ''],
    ['  ws alone', kB(memory.bareBytes), '', ''],
  ]),
);
