/**
 * `npm run bench:adds`: 10,000 downloads added over HTTP, 300 requests at a time, over 50 sessions, at default limits,
 * while they are fetched. Right after the last 202 the server is killed with SIGKILL; a second one
 * has to list each exactly once. Then one session is filled past its documented limit.
 */
import { parseArgs } from 'node:util';
import { MAX_OPEN } from '../../src/lib/actors/session/download-actions.ts';
import { prepareBuild } from '../../scripts/tools/test-build.ts';
import { makePlace, PROJECT, startServer, type TestServer } from '../../tests/support/server.ts';
import { report, table } from '../harness.ts';
import { BenchChild } from '../load/child.ts';
import { cpuMs } from '../load/cpu.ts';
import type { HealthSeen } from '../load/health.ts';
import type { Plan, AddsResult } from './generator.ts';
import { listAll } from './list.ts';

const ADDS = 10_000;
const AT_ONCE = 300;
const SESSIONS = 50;
/** Adds beyond the limit. */
const TOO_MANY = 500;

interface Work {
  name: string;
  adds: number;
  sessions: number;
  /** The size of each file. 0 = there is no origin, and each download fails at once. */
  bytes: number;
  hasCommandIds: boolean;
}

const WORKS: Work[] = [
  { name: 'files of 10 kB', adds: ADDS, sessions: SESSIONS, bytes: 10_000, hasCommandIds: false },
  { name: '… with command ids', adds: ADDS, sessions: SESSIONS, bytes: 10_000, hasCommandIds: true },
  { name: '… that cannot be reached', adds: ADDS, sessions: SESSIONS, bytes: 0, hasCommandIds: false },
  {
    name: `one session, ${TOO_MANY} too many`,
    adds: MAX_OPEN + TOO_MANY,
    sessions: 1,
    bytes: 0,
    hasCommandIds: false,
  },
];

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    /** A folder for CPU profiles of the server, which is then stopped and not killed. */
    profile: { type: 'string' },
    json: { type: 'boolean' },
  },
});

interface Figures {
  work: string;
  perSecond: number;
  p50Ms: number;
  p99Ms: number;
  maxMs: number;
  refused: Record<string, number>;
  retryAfter: string | null;
  /** For each add, including the downloads that ran meanwhile. */
  serverCpuMsPerAdd: number;
  generatorCpuMsPerAdd: number;
  healthz: HealthSeen;
  afterKill: { listed: number; lost: number; twice: number; ended: number };
}

async function measure({ name, adds, sessions, bytes, hasCommandIds }: Work): Promise<Figures> {
  const place = makePlace();
  const origin = new BenchChild('load/origin.ts');
  const { port } = await origin.hear<{ port: number }>();
  const files = bytes === 0 ? 'http://127.0.0.1:9/' : `http://127.0.0.1:${port}/${bytes}/`;
  const { profile } = values;
  const env: Record<string, string> =
    profile === undefined ? {} : { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${profile}` };
  const first = await startServer({ place, env });
  const health = new BenchChild('load/health.ts', [first.url]);
  const generator = new BenchChild('adds/generator.ts');
  try {
    await health.hear();
    const tokens: string[] = [];
    for (let count = 0; count < sessions; count++) tokens.push((await first.session()).token);
    const before = cpuMs(first.pid);
    generator.send({
      url: first.url,
      tokens,
      adds,
      atOnce: AT_ONCE,
      origin: files,
      hasCommandIds,
    } satisfies Plan);
    const taken = await generator.hear<AddsResult>();
    const serverCpuMs = cpuMs(first.pid) - before;
    await (profile === undefined ? first.kill9() : first.stop());
    const healthz = await health.hear<HealthSeen>();
    const second = await startServer({ place });
    const afterKill = await compare(second, tokens, taken.ids);
    await second.stop();
    const sorted = taken.latenciesMs.toSorted((a, b) => a - b);
    const at = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))] ?? NaN;
    return {
      work: name,
      perSecond: taken.ids.length / taken.seconds,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      maxMs: at(1),
      refused: taken.refused,
      retryAfter: taken.retryAfter,
      serverCpuMsPerAdd: serverCpuMs / adds,
      generatorCpuMsPerAdd: taken.cpuMs / adds,
      healthz,
      afterKill,
    };
  } finally {
    for (const child of [generator, health, origin]) child.end();
    place.remove();
  }
}

/** Compares the list of the server that was started after the kill with what was acknowledged. */
async function compare(
  server: TestServer,
  tokens: string[],
  promised: string[],
): Promise<Figures['afterKill']> {
  const seen = new Map<string, number>();
  let ended = 0;
  for (const [session, token] of tokens.entries()) {
    for (const { id, state } of await listAll(server.url, token)) {
      const name = `${session}:${id}`;
      seen.set(name, (seen.get(name) ?? 0) + 1);
      if (state === 'complete' || state === 'error') ended++;
    }
  }
  return {
    listed: seen.size,
    lost: promised.filter((name) => !seen.has(name)).length,
    twice: [...seen.values()].filter((times) => times > 1).length,
    ended,
  };
}

prepareBuild(PROJECT);
const figures: Figures[] = [];
for (const [index, work] of WORKS.entries()) {
  if (values.only !== undefined && values.only !== String(index)) continue;
  figures.push(await measure(work));
}

const ms = (value: number): string => `${value.toFixed(value < 10 ? 2 : 0)} ms`;
const heads = [
  '',
  'adds/s',
  'p50',
  'p99',
  'max',
  'refused',
  'CPU/add',
  'healthz p99',
  'max',
  'lost',
  'twice',
  'ended',
];
report(
  'adds',
  { atOnce: AT_ONCE, figures },
  table([
    heads,
    ...figures.map((row) => [
      row.work,
      row.perSecond.toFixed(0),
      ms(row.p50Ms),
      ms(row.p99Ms),
      ms(row.maxMs),
      Object.entries(row.refused)
        .map(([status, count]) => `${count} × ${status}, Retry-After ${row.retryAfter}`)
        .join(' ') || '0',
      ms(row.serverCpuMsPerAdd),
      ms(row.healthz.p99Ms),
      ms(row.healthz.maxMs),
      String(row.afterKill.lost),
      String(row.afterKill.twice),
      String(row.afterKill.ended),
    ]),
  ]),
);
