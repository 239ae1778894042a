/**
 * A durable command compared with SQLite's own commit: alternating rounds on the same disk, so that a slow second of the
 * disk affects both. The time outside of SQLite's COMMIT is the host's.
 */
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createEmbeddedHost, define } from '../../src/lib/actors/durable/host.server.ts';
import { openStore } from '../../src/lib/actors/durable/storage.server.ts';
import type { Store } from '../../src/lib/actors/durable/store.ts';
import { ratios, type Spread } from '../harness.ts';
import { BenchObject } from './object.ts';

const ROUNDS = 12;
const TRIPS_A_ROUND = 1000;
const WARM_TRIPS = 1000;

/** ms. */
export interface Quantiles {
  p50: number;
  p99: number;
  p999: number;
}

export function quantiles(values: number[]): Quantiles {
  const sorted = values.toSorted((left, right) => left - right);
  const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}

export interface RoundTrips {
  bareCommitMs: Quantiles;
  roundTripMs: Quantiles;
  /** The time of each round trip outside of SQLite's COMMIT. */
  oursMs: Quantiles;
  /** The ratio of the host to SQLite alone, for each round. */
  ratioP50: Spread;
  ratioP99: Spread;
}

/** Always different: SQLite does not write unchanged pages. */
function rowOf(index: number): string {
  return `${index} ${'x'.repeat(200)}`;
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

/** The baseline: one row, one commit, SQLite alone. */
function openBare(file: string): { put: (index: number) => void; close: () => void } {
  const database = new DatabaseSync(file);
  database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL');
  database.exec('CREATE TABLE t (k TEXT PRIMARY KEY, v TEXT) WITHOUT ROWID');
  const put = database.prepare('INSERT OR REPLACE INTO t VALUES (?, ?)');
  return {
    put: (index) => void put.run('row', rowOf(index)),
    close: () => {
      database.close();
    },
  };
}

/** Records how long each COMMIT takes. */
function watched(store: Store, commitsMs: number[]): Store {
  const commit = store.commit.bind(store);
  store.commit = () => {
    const start = performance.now();
    commit();
    commitsMs.push(performance.now() - start);
  };
  return store;
}

export async function measureRoundTrips(dir: string): Promise<RoundTrips> {
  const commitsMs: number[] = [];
  const host = createEmbeddedHost({
    storage: watched(openStore(path.join(dir, 'round-trip.db')), commitsMs),
    classes: { bench: define(BenchObject, null) },
    onError: (error) => {
      throw error;
    },
  });
  const bare = openBare(path.join(dir, 'bare.db'));
  const stub = host.get<BenchObject>('bench', 'a');
  const trip = (index: number): unknown => stub.call('put', rowOf(index));
  await timed(WARM_TRIPS, trip);
  await timed(WARM_TRIPS, bare.put);
  const trips: number[][] = [];
  const floors: number[][] = [];
  const ours: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const hostFirst = round % 2 === 0;
    if (!hostFirst) floors.push(await timed(TRIPS_A_ROUND, bare.put));
    commitsMs.length = 0;
    const times = await timed(TRIPS_A_ROUND, trip);
    trips.push(times);
    ours.push(...times.map((time, index) => time - (commitsMs[index] ?? NaN)));
    if (hostFirst) floors.push(await timed(TRIPS_A_ROUND, bare.put));
  }
  bare.close();
  await host.close();
  const of = (rounds: number[][], which: keyof Quantiles): number[] =>
    rounds.map((times) => quantiles(times)[which]);
  return {
    bareCommitMs: quantiles(floors.flat()),
    roundTripMs: quantiles(trips.flat()),
    oursMs: quantiles(ours),
    ratioP50: ratios(of(trips, 'p50'), of(floors, 'p50')),
    ratioP99: ratios(of(trips, 'p99'), of(floors, 'p99')),
  };
}
