/**
 * `npm run bench:wire [-- --mib 96 --engines http,yt-dlp]`: staleness of the progress. A file comes at a smooth
 * 2 MB/s; a client on a real WebSocket records its updates, and the disk is sampled.
 * Prints the figures and writes bench/results/wire.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { prepareBuild } from '../../scripts/tools/test-build.ts';
import { prepareYtDlp } from '../../scripts/tools/test-yt-dlp.ts';
import { PROJECT, startServer } from '../../tests/support/server.ts';
import { measureWire, type WireFigures } from './measure.ts';
import { startSource } from '../../tests/site/smooth-source.ts';

/** The same rate and size as for the peers: 48 s. */
const BYTES_PER_SECOND = 2_000_000;
const DEFAULT_MIB = 96;

const { values } = parseArgs({
  options: { mib: { type: 'string' }, engines: { type: 'string', default: 'http,yt-dlp' } },
});
const bytes = Number(values.mib ?? DEFAULT_MIB) * 1024 * 1024;
if (!Number.isSafeInteger(bytes) || bytes <= 0) throw new Error('--mib takes a number of MiB');

prepareBuild(PROJECT);
const engines = values.engines.split(',');
if (engines.includes('yt-dlp')) await prepareYtDlp();

const figures: WireFigures[] = [];
for (const engine of engines) {
  const source = await startSource({ bytes, bytesPerSecond: BYTES_PER_SECOND });
  const server = await startServer();
  try {
    const deadlineMs = (bytes / BYTES_PER_SECOND) * 1000 + 60_000;
    figures.push(await measureWire(server, source, { engine, bytes, deadlineMs }));
  } finally {
    await server.stop();
    await source.close();
  }
}

const ms = (value: number): string => `${value.toFixed(0)} ms`;
console.table(
  Object.fromEntries(
    figures.map((row) => [
      row.engine,
      {
        'updates/s': row.updatesPerSecond.toFixed(2),
        'payload median': `${row.payloadBytesMedian} B`,
        'payload p95': `${row.payloadBytesP95} B`,
        'stale median': ms(row.stalenessMsMedian),
        'stale p95': ms(row.stalenessMsP95),
        'complete after': ms(row.completeDelayMs),
        sha256: row.sha256Right ? 'right' : 'WRONG',
      },
    ]),
  ),
);
const results = join(PROJECT, 'bench/results');
mkdirSync(results, { recursive: true });
const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, node: process.version };
const report = { bench: 'wire', machine, bytesPerSecond: BYTES_PER_SECOND, figures };
writeFileSync(join(results, 'wire.json'), `${JSON.stringify(report, null, 2)}\n`);
