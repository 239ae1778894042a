/** One large file with curl, the server, and `sluice get`, in turn, onto the same file system. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { PROJECT, sluiceEnv, startServer } from '../../tests/support/server.ts';
import { waitFor } from '../../tests/support/wait.ts';
import { BenchClient } from '../client.ts';
import { contentHash } from '../origin/content.ts';
import type { Origin } from '../origin/start.ts';
import { type Cost, cpuSecondsOf, timeCommand } from '../processes.ts';
import { warmMemory } from '../warm-memory.ts';

export type Scheme = 'http' | 'https';
export type Variant = 'curl' | 'server' | 'get';
export type Rounds = Record<Variant, Cost[]>;

export interface OneFile {
  scheme: Scheme;
  rounds: Rounds;
  /** CPU of the server to the end of its fdatasync, which follows `complete` and which curl does not do. */
  cpuSecondsSynced: number[];
}

export async function measureOneFile(
  origin: Origin,
  { scheme, bytes, rounds }: { scheme: Scheme; bytes: number; rounds: number },
): Promise<OneFile> {
  const env = { NODE_EXTRA_CA_CERTS: origin.caFile };
  const server = await startServer({ env });
  const { place } = server;
  const client = await BenchClient.open(server.url);
  const url = origin.url({ name: 'large', bytes }, scheme);
  const expected = contentHash(bytes);
  const cpuSecondsSynced: number[] = [];

  /** @throws Error for a file with the wrong size or bytes */
  async function check(name: string): Promise<void> {
    const path = join(place.downloadDir, name);
    const hash = createHash('sha256');
    await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
    if (hash.digest('hex') !== expected) throw new Error(`${name} has other bytes`);
    rmSync(path);
  }

  const variants: Record<Variant, () => Promise<Cost>> = {
    async curl() {
      const to = join(place.downloadDir, 'curl.mp4');
      const cost = await timeCommand(['curl', '-sf', '--cacert', origin.caFile, '-o', to, url]);
      await check('curl.mp4');
      return cost;
    },
    async server() {
      const before = cpuSecondsOf(server.pid);
      const { id, name, seconds } = await client.download({ url });
      const cpuSeconds = cpuSecondsOf(server.pid) - before;
      const workDir = join(place.downloadDir, '.sluice', id);
      await waitFor(() => !existsSync(workDir), { what: 'the file to be on the disk', deadlineMs: 60_000 });
      cpuSecondsSynced.push(cpuSecondsOf(server.pid) - before);
      await check(name);
      return { wallSeconds: seconds, cpuSeconds };
    },
    async get() {
      const argv = [process.execPath, join(PROJECT, 'bin/sluice.js'), 'get', url];
      const cost = await timeCommand(argv, sluiceEnv(place, env));
      await check('large.mp4');
      return cost;
    },
  };

  const costs: Rounds = { curl: [], server: [], get: [] };
  const names = Object.keys(variants) as Variant[];
  try {
    // Warm-up: once each without being counted.
    for (let round = -1; round < rounds; round++) {
      for (let k = 0; k < names.length; k++) {
        const name = names[(Math.max(0, round) + k) % names.length]!;
        await warmMemory(place.downloadDir, bytes * 1.25);
        const cost = await variants[name]();
        if (round >= 0) costs[name].push(cost);
      }
    }
    return { scheme, rounds: costs, cpuSecondsSynced: cpuSecondsSynced.slice(1) };
  } finally {
    client.close();
    await server.stop();
  }
}
