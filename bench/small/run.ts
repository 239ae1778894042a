/**
 * `npm run bench:small`: many small files. 2,000 of 10 kB in one session at limits 8/8, from the first add to the last
 * `complete` that its reader receives; the memory that each finished download keeps, from the slope of the resident memory
 * between 2,000 and 20,000; and the cost of listing a long history.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareBuild } from '../../scripts/tools/test-build.ts';
import { makePlace, PROJECT, startServer, type TestServer } from '../../tests/support/server.ts';
import { report, table } from '../harness.ts';
import { BenchChild } from '../load/child.ts';
import { cpuMs } from '../load/cpu.ts';
import { memoryEnv, memoryOf } from '../load/memory.ts';
import type { Plan, AddsResult } from '../adds/generator.ts';
import { type HistoryFigures, measureHistory } from './history.ts';
import { openReader } from './reader.ts';

const BYTES = 10_000;
const ALL_FILES = 20_000;
const HISTORIES = [1000, 10_000, 100_000];
/** Concurrent requests, as by a script. */
const AT_ONCE = 20;

const { values } = parseArgs({
  options: {
    /** `files`, `memory` or `history`. */
    only: { type: 'string' },
    profile: { type: 'string' },
    /** `none`: files are not synced; `slow`: each sync takes 100 ms more. Only with `--only files`. */
    syncs: { type: 'string' },
    files: { type: 'string', default: '2000' },
    json: { type: 'boolean' },
  },
});
const FILES = Number(values.files);
const wanted = (part: string): boolean => values.only === undefined || values.only === part;

interface FilesFigures {
  files: number;
  perSecond: number;
  serverCpuMsPerFile: number;
}

/** Adds files and waits until the session's reader has seen all complete. */
async function fetchFiles(
  server: TestServer,
  token: string,
  origin: string,
  files: number,
): Promise<FilesFigures> {
  const generator = new BenchChild('adds/generator.ts');
  const { promise: allDone, resolve, reject } = Promise.withResolvers<void>();
  let before = Infinity;
  const reader = await openReader(server.url, token, (message) => {
    if (message.type !== 'snapshot' && message.type !== 'update') return;
    if (message.totals === undefined) return;
    if (message.totals.failed > 0) reject(new Error(`${message.totals.failed} downloads failed`));
    if (message.totals.done >= before + files) resolve();
  });
  before = reader.snapshot.totals.done;
  const usedMs = cpuMs(server.pid);
  const startedAt = performance.now();
  generator.send({
    url: server.url,
    tokens: [token],
    adds: files,
    atOnce: AT_ONCE,
    origin,
    hasCommandIds: false,
  } satisfies Plan);
  const { refused } = await generator.hear<AddsResult>();
  if (Object.keys(refused).length > 0) throw new Error(`refused: ${JSON.stringify(refused)}`);
  await allDone;
  const seconds = (performance.now() - startedAt) / 1000;
  reader.close();
  generator.end();
  return { files, perSecond: files / seconds, serverCpuMsPerFile: (cpuMs(server.pid) - usedMs) / files };
}

interface MemoryFigures {
  files: number;
  rssBytes: number;
  heapBytes: number;
}

async function measureFiles(): Promise<{ first: FilesFigures; memory: MemoryFigures[] }> {
  const place = makePlace();
  const origin = new BenchChild('load/origin.ts');
  const { port } = await origin.hear<{ port: number }>();
  const files = `http://127.0.0.1:${port}/${BYTES}/`;
  const preload = `--import=${join(import.meta.dirname, 'syncs.js')}`;
  const options = [
    ...(values.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${values.profile}`]),
    ...(values.syncs === undefined ? [] : [preload]),
  ];
  const server = await startServer({
    place,
    env: {
      SLUICE_MAX_ACTIVE: '8',
      SLUICE_MAX_ACTIVE_PER_SESSION: '8',
      ...memoryEnv(place),
      ...(values.profile === undefined ? {} : { BENCH_MEMORY: '' }),
      ...(values.syncs === undefined ? {} : { BENCH_SYNCS: values.syncs }),
      ...(options.length === 0 ? {} : { NODE_OPTIONS: options.join(' ') }),
    },
  });
  try {
    const { token } = await server.session();
    const first = await fetchFiles(server, token, files, FILES);
    const memory: MemoryFigures[] = [];
    if (wanted('memory')) {
      memory.push({ ...(await memoryOf(server, 1)), files: FILES });
      await fetchFiles(server, token, `${files}more-`, ALL_FILES - FILES);
      memory.push({ ...(await memoryOf(server, 2)), files: ALL_FILES });
    }
    return { first, memory };
  } finally {
    await server.stop();
    origin.end();
    place.remove();
  }
}

prepareBuild(PROJECT);
const fetched = wanted('files') || wanted('memory') ? await measureFiles() : null;
const histories: HistoryFigures[] = [];
for (const rows of wanted('history') ? HISTORIES : []) histories.push(await measureHistory(rows));

const [at2000, at20000] = fetched?.memory ?? [];
const keptBytes =
  at2000 && at20000 ? (at20000.rssBytes - at2000.rssBytes) / (at20000.files - at2000.files) : null;
const rows: string[][] = [['', 'figure', 'limit']];
if (fetched) {
  rows.push([`files of ${BYTES / 1000} kB a second`, fetched.first.perSecond.toFixed(0), '200']);
  rows.push(['  CPU of the server for each', `${fetched.first.serverCpuMsPerFile.toFixed(2)} ms`, '']);
}
if (keptBytes !== null)
  rows.push(['memory kept for each finished one', `${keptBytes.toFixed(0)} B`, '2000 B']);
for (const history of histories) {
  rows.push([
    `a new client's snapshot, ${history.rows} in the history`,
    `${history.snapshotBytes} B`,
    '20000 B',
  ]);
  rows.push([
    `  a page of ${history.pageRows}: p50 / p99 / CPU`,
    `${history.pageMsP50.toFixed(2)} / ${history.pageMsP99.toFixed(2)} / ${history.pageCpuMs.toFixed(2)} ms`,
    '',
  ]);
}
const whole = values.only === undefined && values.syncs === undefined;
report(
  whole ? 'small' : null,
  { files: fetched?.first, memory: fetched?.memory, keptBytes, histories },
  table(rows),
);
