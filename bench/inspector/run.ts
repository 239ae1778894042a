/**
 * `npm run bench -- inspector [--rounds 3]`: the cost of inspecting. A real server fetches 200 slow files for 20 open
 * pages, 4 updates a second each; its CPU is read from /proc. Three servers run at the same time: nobody inspects the
 * first, a client inspects everything in the second, and a client of the third requested everything and stopped reading.
 * Writes bench/results/inspector.json; with `--alone`, where they run one after another, inspector-alone.json.
 *
 * `--before DIR`: the cost without an inspector. The same work by a built checkout without taps, and twice by
 * this one: the A/A run. Writes bench/results/inspector-off.json.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { statOf } from '#lib/process/process-group.server.ts';
import { prepareBuild } from '../../scripts/tools/test-build.ts';
import { PROJECT, startServer, type TestServer } from '../../tests/support/server.ts';
import { ratios, report, type Spread, spreadOf, table } from '../harness.ts';
import { quantile } from '../wire/observe.ts';
import { type InspectingClient, openInspector } from './inspectors.ts';
import { type SlowSource, startSlowSource } from './source.ts';
import { openUsers, type Users } from './users.ts';

const SESSIONS = 20;
const DOWNLOADS = 10;
const MEASURE_MS = 20_000;
/** The warm-up after all downloads run, for the compiler. */
const WARM_MS = 2_000;

const { values } = parseArgs({
  options: {
    before: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    alone: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
});

interface Variant {
  name: 'before' | 'off' | 'off again' | 'on' | 'stopped';
  project: string;
  inspector: 'none' | 'reads' | 'stopped';
}

interface Measured {
  /** Percent of one core. */
  cpuPercent: number;
  /** The compared figure: under load there are fewer updates, which need less CPU. */
  cpuUsPerUpdate: number;
  updatesPerSecond: number;
  lagP50Ms: number;
  lagP99Ms: number;
  inspector: { entriesPerSecond: number; droppedPerSecond: number; bytesPerSecond: number } | null;
}

const ENV = {
  SLUICE_ENGINES: 'http',
  SLUICE_THROTTLE_MS: '250',
  SLUICE_MAX_ACTIVE: String(SESSIONS * DOWNLOADS),
  SLUICE_MAX_ACTIVE_PER_SESSION: String(DOWNLOADS),
};

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Stage {
  variant: Variant;
  source: SlowSource;
  server: TestServer;
  users: Users;
  client: InspectingClient | null;
}

async function open(variant: Variant): Promise<Stage> {
  const source = await startSlowSource();
  const server = await startServer({ env: ENV, project: variant.project });
  const users = await openUsers(server, source, { sessions: SESSIONS, downloads: DOWNLOADS });
  return { variant, source, server, users, client: null };
}

async function close({ source, server, users, client }: Stage): Promise<void> {
  client?.close();
  users.close();
  await server.stop();
  await source.close();
}

/** All variants at the same time, so that other load of the machine affects each of them. */
async function measureTogether(variants: Variant[]): Promise<Measured[]> {
  const stages: Stage[] = [];
  try {
    for (const variant of variants) stages.push(await open(variant));
    for (const stage of stages) {
      const { users, server, variant } = stage;
      await users.moving();
      if (variant.inspector !== 'none')
        stage.client = await openInspector(server, variant.inspector === 'reads');
    }
    await pause(WARM_MS);
    const begun = stages.map((stage) => {
      stage.users.reset();
      return { ticks: ticksOf(stage.server.pid), ...stage.client?.figures };
    });
    const startedAt = performance.now();
    await pause(MEASURE_MS);
    const seconds = (performance.now() - startedAt) / 1000;
    return stages.map(({ server, users, client }, k) => {
      const since = (name: 'entries' | 'dropped' | 'bytes'): number =>
        Math.round(((client?.figures[name] ?? 0) - (begun[k]?.[name] ?? 0)) / seconds);
      // A tick of the kernel is 10 ms.
      const cpuMs = (ticksOf(server.pid) - (begun[k]?.ticks ?? 0)) * 10;
      return {
        cpuPercent: cpuMs / 10 / seconds,
        cpuUsPerUpdate: (cpuMs * 1000) / users.updates,
        updatesPerSecond: users.updates / seconds,
        lagP50Ms: quantile(users.lagsMs, 0.5),
        lagP99Ms: quantile(users.lagsMs, 0.99),
        inspector: client && {
          entriesPerSecond: since('entries'),
          droppedPerSecond: since('dropped'),
          bytesPerSecond: since('bytes'),
        },
      };
    });
  } finally {
    await Promise.all(stages.map(close));
  }
}

function ticksOf(pid: number): number {
  const stat = statOf(pid);
  if (stat === null) throw new Error('this bench reads /proc: it runs on Linux only');
  return stat.cpuTicks;
}

prepareBuild(PROJECT);
const off: Variant = { name: 'off', project: PROJECT, inspector: 'none' };
const variants: Variant[] = [off];
if (values.before === undefined) {
  variants.push(
    { ...off, name: 'on', inspector: 'reads' },
    { ...off, name: 'stopped', inspector: 'stopped' },
  );
} else {
  if (!existsSync(join(values.before, 'build/cli.js')))
    throw new Error('--before takes a checkout that is built');
  variants.push({ ...off, name: 'off again' }, { ...off, name: 'before', project: values.before });
}
const measured = new Map<string, Measured[]>(variants.map(({ name }) => [name, []]));
for (let round = 0; round < Number(values.rounds); round++) {
  // The first one has the warmest caches: rotate the order.
  const order = variants.map((_, k) => variants[(round + k) % variants.length]!);
  const groups = values.alone ? order.map((variant) => [variant]) : [order];
  for (const group of groups) {
    for (const [k, result] of (await measureTogether(group)).entries())
      measured.get(group[k]!.name)!.push(result);
  }
}

const cpuOf = (name: string): number[] =>
  (measured.get(name) ?? []).map(({ cpuUsPerUpdate }) => cpuUsPerUpdate);
const spread = (name: string, of: (one: Measured) => number): Spread =>
  spreadOf((measured.get(name) ?? []).map(of));
const rows = variants.map(({ name }) => ({
  name,
  cpuPercent: spread(name, (one) => one.cpuPercent),
  cpuUsPerUpdate: spread(name, (one) => one.cpuUsPerUpdate),
  cpuOverOff: ratios(cpuOf(name), cpuOf('off')),
  updatesPerSecond: spread(name, (one) => one.updatesPerSecond),
  lagP50Ms: spread(name, (one) => one.lagP50Ms),
  lagP99Ms: spread(name, (one) => one.lagP99Ms),
  inspector: measured.get(name)?.at(-1)?.inspector ?? null,
}));
const show = ({ median, low, high }: Spread, digits: number): string =>
  `${median.toFixed(digits)} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
const text = table([
  [
    '',
    'CPU of a core, %',
    'over off',
    'updates/s',
    'lag p50, ms',
    'lag p99, ms',
    'entries/s',
    'dropped/s',
    'kB/s',
  ],
  ...rows.map((row) => [
    row.name,
    show(row.cpuPercent, 1),
    show(row.cpuUsPerUpdate, 0),
    show(row.cpuOverOff, 3),
    row.updatesPerSecond.median.toFixed(0),
    show(row.lagP50Ms, 1),
    show(row.lagP99Ms, 1),
    String(row.inspector?.entriesPerSecond ?? ''),
    String(row.inspector?.droppedPerSecond ?? ''),
    row.inspector ? (row.inspector.bytesPerSecond / 1000).toFixed(0) : '',
  ]),
]);
report(
  values.before !== undefined ? 'inspector-off' : values.alone ? 'inspector-alone' : 'inspector',
  { downloads: SESSIONS * DOWNLOADS, sessions: SESSIONS, rounds: Number(values.rounds), rows },
  text,
);
