/** Many slow downloads: their memory, and the CPU per megabyte. */
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { startServer } from '../../tests/support/server.ts';
import { BenchClient } from '../client.ts';
import { contentHash } from '../origin/content.ts';
import type { Origin } from '../origin/start.ts';
import { cpuSecondsOf, rssBytesOf, watchRss } from '../processes.ts';

export interface ManySlow {
  downloads: number;
  bytesEach: number;
  bytesPerSecondEach: number;
  seconds: number;
  idleRssBytes: number;
  peakRssBytes: number;
  cpuSecondsPer10Mb: number;
}

const DOWNLOADS = 32;
const BYTES_EACH = 10_000_000;
const BYTES_PER_SECOND = 500_000;

export async function measureManySlow(origin: Origin): Promise<ManySlow> {
  const places = String(DOWNLOADS);
  const env = { SLUICE_MAX_ACTIVE: places, SLUICE_MAX_ACTIVE_PER_SESSION: places };
  const server = await startServer({ env });
  const client = await BenchClient.open(server.url);
  const expected = contentHash(BYTES_EACH);
  try {
    const idleRssBytes = rssBytesOf(server.pid);
    const watch = watchRss(server.pid);
    const before = cpuSecondsOf(server.pid);
    const startedAt = performance.now();
    const wanted = Array.from({ length: DOWNLOADS }, (_, k) => ({
      url: origin.url({ name: `slow-${k}`, bytes: BYTES_EACH, rate: BYTES_PER_SECOND }),
    }));
    const landed = await Promise.all(wanted.map((each) => client.download(each)));
    const seconds = (performance.now() - startedAt) / 1000;
    const cpuSeconds = cpuSecondsOf(server.pid) - before;
    const peakRssBytes = watch.stop();
    for (const { name } of landed) {
      const bytes = await readFile(join(server.place.downloadDir, name));
      const hash = createHash('sha256').update(bytes).digest('hex');
      if (hash !== expected) throw new Error(`${name} has other bytes`);
    }
    return {
      downloads: DOWNLOADS,
      bytesEach: BYTES_EACH,
      bytesPerSecondEach: BYTES_PER_SECOND,
      seconds,
      idleRssBytes,
      peakRssBytes,
      cpuSecondsPer10Mb: (cpuSeconds / (DOWNLOADS * BYTES_EACH)) * 10_000_000,
    };
  } finally {
    client.close();
    await server.stop();
  }
}
