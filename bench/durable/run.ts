/** The cost of the embedded host: a durable round trip beside SQLite's commit, adds per second, memory per session. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { SERVE_FLAGS } from '../../bin/v8-flags.js';
import { createEmbeddedHost, define, type EmbeddedHost } from '../../src/lib/actors/durable/host.server.ts';
import { report, table } from '../harness.ts';
import type { Footprint } from './memory.ts';
import { BenchObject } from './object.ts';
import { measureRoundTrips, type Quantiles, quantiles } from './round-trip.ts';

const ADDS = 10_000;
const AT_ONCE = 300;
const SESSIONS = 10_000;
const PROGRESS = 100_000;

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
      // As over sockets: the next request comes in a later event-loop turn.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { perSecond: ADDS / ((performance.now() - start) / 1000), latencyMs: quantiles(times) };
}

/** Calls that write nothing, a thousand in each event-loop turn. */
async function progress(host: EmbeddedHost): Promise<{ perSecond: number; commits: number }> {
  const stub = host.get<BenchObject>('bench', 'a');
  let commits = 0;
  const stop = host.observe(({ type }) => {
    if (type === 'commit') commits += 1;
  });
  const start = performance.now();
  for (let round = 0; round < PROGRESS / 1000; round += 1) {
    await Promise.all(Array.from({ length: 1000 }, () => stub.call('progress')));
  }
  const perSecond = PROGRESS / ((performance.now() - start) / 1000);
  stop();
  return { perSecond, commits };
}

function footprints(whose: 'session' | 'object' | 'ws', flags: readonly string[]): Record<string, Footprint> {
  const program = path.join(import.meta.dirname, 'memory.ts');
  const args = ['--expose-gc', ...flags, program, String(SESSIONS), whose];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'sluice-bench-'));
const roundTrips = await measureRoundTrips(dir);
const host = createEmbeddedHost({
  storage: path.join(dir, 'state.db'),
  classes: { bench: define(BenchObject, null) },
  onError: (error) => {
    throw error;
  },
});
const added = await adds(host);
const calls = await progress(host);
await host.close();
fs.rmSync(dir, { recursive: true });

const memory = {
  session: footprints('session', SERVE_FLAGS),
  object: footprints('object', SERVE_FLAGS),
  ws: footprints('ws', SERVE_FLAGS),
  /** What the flags are for. */
  sessionWithoutFlags: footprints('session', []),
};

const ms = (value: number): string => `${value.toFixed(3)} ms`;
const times = (value: number): string => `${value.toFixed(2)}×`;
const kB = (print: Footprint | undefined): string =>
  `${((print?.residentBytes ?? NaN) / 1000).toFixed(1)} kB`;
const { bareCommitMs, roundTripMs, oursMs, ratioP50, ratioP99 } = roundTrips;
const { session, object, ws, sessionWithoutFlags } = memory;
report(
  'durable',
  { ...roundTrips, adds: added, calls, sessions: SESSIONS, memory },
  [
    table([
      ['', 'p50', 'p99', 'p99.9', 'limit'],
      [
        'one row committed by SQLite alone (FULL)',
        ms(bareCommitMs.p50),
        ms(bareCommitMs.p99),
        ms(bareCommitMs.p999),
        '',
      ],
      [
        'a call with one put, one at a time',
        ms(roundTripMs.p50),
        ms(roundTripMs.p99),
        ms(roundTripMs.p999),
        '0.5 / 2.5 ms',
      ],
      ['  of it outside of COMMIT', ms(oursMs.p50), ms(oursMs.p99), ms(oursMs.p999), ''],
      ['  to SQLite alone, median of rounds', times(ratioP50.median), times(ratioP99.median), '', ''],
      [
        `${ADDS} adds of 4 rows, ${AT_ONCE} at once`,
        ms(added.latencyMs.p50),
        ms(added.latencyMs.p99),
        ms(added.latencyMs.p999),
        'p99 300 ms',
      ],
    ]),
    table([
      ['', 'a second', 'limit'],
      ['adds', added.perSecond.toFixed(0), '1500'],
      [`calls without writes (${calls.commits} commits)`, calls.perSecond.toFixed(0), ''],
    ]),
    table([
      [`RSS each, ${SESSIONS} sockets`, 'live', 'evicted', 'woken', 'evicted again'],
      [
        'a session of Sluice (limit: 18, 12)',
        kB(session['live']),
        kB(session['evicted']),
        kB(session['woken']),
        kB(session['evictedAgain']),
      ],
      [
        '  without the server’s V8 flags',
        kB(sessionWithoutFlags['live']),
        kB(sessionWithoutFlags['evicted']),
        kB(sessionWithoutFlags['woken']),
        kB(sessionWithoutFlags['evictedAgain']),
      ],
      [
        'a small object: host and channel alone',
        kB(object['live']),
        kB(object['evicted']),
        kB(object['woken']),
        kB(object['evictedAgain']),
      ],
      ['ws alone', kB(ws['open']), '', '', ''],
    ]),
  ].join('\n\n'),
);
