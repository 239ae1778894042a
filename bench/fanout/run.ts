/**
 * `npm run bench:fanout`: many sessions and many readers. Each session has one download that changes 4 times a second;
 * measures the CPU of the server, and the staleness at the clients: the time from the moment the origin sent a byte
 * to the moment a client learnt of it, including the throttle window.
 */
import { parseArgs } from 'node:util';
import { prepareBuild } from '../../scripts/tools/test-build.ts';
import { PROJECT, startServer } from '../../tests/support/server.ts';
import { report, table } from '../harness.ts';
import { BenchChild } from '../load/child.ts';
import { cpuMs, residentBytes } from '../load/cpu.ts';
import type { Sent } from '../load/origin.ts';
import type { ClientReport, ReadersPlan } from './clients.ts';

/** More only on request (`--only 4`): 12,000 frames a second need more than two cores. */
const MOST_SESSIONS = 1000;
const THROTTLE_MS = 250;
const SECONDS = 10;
const BYTES_PER_SECOND = 8000;
/** Larger than what is sent during the measurement. */
const FILE_BYTES = 4_000_000;

interface Work {
  name: string;
  sessions: number;
  /** Sockets of each session. */
  sockets: number;
  hasSlowReader: boolean;
}

const spread = (sessions: number, hasSlowReader = false): Work => ({
  name: `${sessions} sessions × 1 socket${hasSlowReader ? ', and one that never reads' : ''}`,
  sessions,
  sockets: 1,
  hasSlowReader,
});
const WORKS: Work[] = [
  spread(100),
  spread(300),
  spread(300, true),
  spread(1000),
  spread(3000),
  { name: '1 session × 200 sockets', sessions: 1, sockets: 200, hasSlowReader: false },
  { name: '… and one that never reads', sessions: 1, sockets: 200, hasSlowReader: true },
];

const { values } = parseArgs({
  options: { only: { type: 'string' }, profile: { type: 'string' }, json: { type: 'boolean' } },
});

interface Figures {
  work: string;
  framesPerSecond: number;
  bytesPerSecond: number;
  /** Share of one core. */
  serverCpu: number;
  serverCpuMsPerFrame: number;
  clientsCpu: number;
  originCpu: number;
  lagMs: { p50: number; p99: number; max: number };
  rssBytes: number;
}

async function measure({ name, sessions, sockets, hasSlowReader }: Work): Promise<Figures> {
  const env: Record<string, string> = {
    SLUICE_MAX_ACTIVE: String(sessions + 10),
    SLUICE_MAX_ACTIVE_PER_SESSION: '1',
    SLUICE_THROTTLE_MS: String(THROTTLE_MS),
  };
  if (values.profile !== undefined) env['NODE_OPTIONS'] = `--cpu-prof --cpu-prof-dir=${values.profile}`;
  const server = await startServer({ env });
  const origin = new BenchChild('load/origin.ts');
  const clients = new BenchChild('fanout/clients.ts');
  const children = [origin, clients];
  try {
    const { port } = await origin.hear<{ port: number }>();
    const slow = (session: number): string =>
      `http://127.0.0.1:${port}/${FILE_BYTES}/${session}.mp4?bytesPerSecond=${BYTES_PER_SECOND}`;
    const readers: ReadersPlan['readers'] = [];
    for (let session = 0; session < sessions; session++) {
      readers.push({ token: (await server.session()).token, sockets, download: slow(session) });
    }
    clients.send({ url: server.url, readers } satisfies ReadersPlan);
    await clients.hear();
    if (hasSlowReader) {
      // If there is only one session, the slow reader joins it.
      const token = sessions === 1 ? readers[0]!.token : (await server.session()).token;
      const reader = new BenchChild('fanout/slow-reader.ts', [server.url, token, slow(-1)]);
      children.push(reader);
      await reader.hear();
    }
    const pids = [server.pid, clients.pid, origin.pid];
    clients.send('count');
    const before = pids.map(cpuMs);
    await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
    clients.send('stop');
    const heard = await clients.hear<ClientReport>();
    const [serverMs = 0, clientsMs = 0, originMs = 0] = pids.map((pid, index) => cpuMs(pid) - before[index]!);
    origin.send('sent');
    const lags = lagsOf(heard, await origin.hear<Sent>());
    const at = (share: number): number => lags[Math.floor(share * (lags.length - 1))] ?? NaN;
    return {
      work: name,
      framesPerSecond: heard.frames / SECONDS,
      bytesPerSecond: heard.bytes / SECONDS,
      serverCpu: serverMs / SECONDS / 1000,
      serverCpuMsPerFrame: serverMs / heard.frames,
      clientsCpu: clientsMs / SECONDS / 1000,
      originCpu: originMs / SECONDS / 1000,
      lagMs: { p50: at(0.5), p99: at(0.99), max: at(1) },
      rssBytes: residentBytes(server.pid),
    };
  } finally {
    for (const child of children) child.end();
    await server.stop();
  }
}

/** The staleness at each update: how long ago the origin had sent that many bytes. Sorted. */
function lagsOf({ progress }: ClientReport, sent: Sent): number[] {
  const lags: number[] = [];
  for (const [url, bytes, atMs] of progress) {
    const sentAt = sent[new URL(url).pathname]?.find(([until]) => until >= bytes)?.[1];
    if (sentAt !== undefined) lags.push(atMs - sentAt);
  }
  return lags.sort((a, b) => a - b);
}

prepareBuild(PROJECT);
const figures: Figures[] = [];
for (const [index, work] of WORKS.entries()) {
  const isAsked = values.only?.split(',').includes(String(index)) ?? work.sessions <= MOST_SESSIONS;
  if (!isAsked) continue;
  figures.push(await measure(work));
}

const percent = (value: number): string => `${(value * 100).toFixed(0)} %`;
const ms = (value: number): string => `${value.toFixed(0)} ms`;
report(
  'fanout',
  { seconds: SECONDS, throttleMs: THROTTLE_MS, figures },
  table([
    ['', 'frames/s', 'bytes/s', 'CPU', 'CPU/frame', 'lag p50', 'p99', 'max', 'clients', 'origin', 'RSS'],
    ...figures.map((row) => [
      row.work,
      row.framesPerSecond.toFixed(0),
      row.bytesPerSecond.toFixed(0),
      percent(row.serverCpu),
      `${row.serverCpuMsPerFrame.toFixed(3)} ms`,
      ms(row.lagMs.p50),
      ms(row.lagMs.p99),
      ms(row.lagMs.max),
      percent(row.clientsCpu),
      percent(row.originCpu),
      `${(row.rssBytes / 1e6).toFixed(0)} MB`,
    ]),
  ]),
);
