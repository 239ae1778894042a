/**
 * `npm run bench:complete`: how long after its last byte a download is complete, over a bare write and fdatasync of the same
 * bytes beside it. The origin holds the last byte back until all others are written, so that nothing of the transfer is
 * measured; a file under 64 MB is not synced before its end if that comes within 10 s, so all of it is the tail.
 */
import { mkdirSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { prepareBuild } from '../../scripts/tools/test-build.ts';
import { Api } from '../../tests/support/api.ts';
import { PROJECT, startServer } from '../../tests/support/server.ts';
import { settles } from '../../tests/support/wait.ts';
import { report, spreadOf, table } from '../harness.ts';
import { openReader } from '../small/reader.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, json: { type: 'boolean' } },
});
const SIZES = [10_000, 1_000_000, 16_000_000, 60_000_000];
const LIMIT_MS = 50;

const body = Buffer.alloc(Math.max(...SIZES), 'sluice ');
/** Of the file under way: sends its last byte. */
let sendLast: () => void = () => undefined;
const origin = createServer((request, response: ServerResponse) => {
  const bytes = Number(request.url?.split('/')[1]);
  response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': bytes });
  response.write(body.subarray(0, bytes - 1));
  sendLast = () => void response.end(body.subarray(bytes - 1, bytes));
});
await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
const { port } = origin.address() as AddressInfo;

prepareBuild(PROJECT);
const server = await startServer({ env: { SLUICE_ENGINES: 'http' } });
const api = await Api.create(server.url);
const completed = new Map<string, (at: number) => void>();
const reader = await openReader(server.url, api.token, (message) => {
  if (message.type !== 'update') return;
  const at = performance.now();
  for (const change of message.changes as { id: string; state?: string }[])
    if (change.state === 'complete') completed.get(change.id)?.(at);
});
const bareDir = join(server.place.dir, 'bare');
mkdirSync(bareDir);

/** @returns ms from the last byte to the update, and how long the others had been there */
async function download(bytes: number, name: string): Promise<{ ms: number; heldMs: number }> {
  const startedAt = performance.now();
  const id = await api.add({ url: `http://127.0.0.1:${port}/${bytes}/${name}`, engine: 'http' });
  const { promise, resolve } = Promise.withResolvers<number>();
  completed.set(id, resolve);
  await api.waitUntil(id, 'all but the last byte', ({ receivedBytes }) => receivedBytes >= bytes - 1);
  const at = performance.now();
  sendLast();
  const ms = (await settles(promise, { what: 'complete' })) - at;
  await rm(join(server.place.downloadDir, (await api.get(id)).file?.name ?? ''));
  return { ms, heldMs: at - startedAt };
}

async function bare(bytes: number, name: string, heldMs: number): Promise<number> {
  const path = join(bareDir, name);
  const handle = await open(path, 'wx');
  await handle.write(body, 0, bytes - 1);
  await delay(heldMs);
  const at = performance.now();
  await handle.write(body, bytes - 1, 1);
  await handle.datasync();
  const ms = performance.now() - at;
  await handle.close();
  await rm(path);
  return ms;
}

const rounds: { bytes: number; ms: number; bareMs: number }[] = [];
try {
  for (let round = -1; round < Number(values.rounds); round++) {
    for (const bytes of SIZES) {
      const name = `${bytes}-${round}.mp4`;
      const { ms, heldMs } = await download(bytes, name);
      const bareMs = await bare(bytes, name, heldMs);
      // The first is for warming up.
      if (round >= 0) rounds.push({ bytes, ms, bareMs });
    }
  }
} finally {
  reader.close();
  await server.stop();
  origin.closeAllConnections();
  origin.close();
}

const ms = (list: number[]): string => {
  const { median, low, high } = spreadOf(list);
  return `${median.toFixed(1)} (${low.toFixed(1)}–${high.toFixed(1)})`;
};
const rows = SIZES.map((size) => {
  const of = rounds.filter(({ bytes }) => bytes === size);
  const over = of.map((each) => each.ms - each.bareMs);
  return [
    `${size / 1000} kB`,
    ms(of.map((each) => each.ms)),
    ms(of.map((each) => each.bareMs)),
    ms(over),
    `${LIMIT_MS}`,
  ];
});
report(
  'complete',
  { load: loadavg()[0], rounds },
  `${table([['file of', 'complete, ms', 'bare fdatasync', 'over it', 'limit'], ...rows])}\nload ${loadavg()[0]?.toFixed(1)}`,
);
