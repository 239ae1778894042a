/** A server that limits the rate of each connection: what several connections gain. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startServer } from '../../tests/support/server.ts';
import { BenchClient } from '../client.ts';
import { contentHash } from '../origin/content.ts';
import type { Origin } from '../origin/start.ts';
import { timeCommand } from '../processes.ts';

const BYTES = 64 * 1024 * 1024;
const BYTES_PER_SECOND_EACH = 8_000_000;

export interface Limited {
  bytes: number;
  bytesPerSecondEach: number;
  curlSeconds: number;
  serverSeconds: number;
}

export async function measureLimited(origin: Origin): Promise<Limited> {
  const server = await startServer();
  const client = await BenchClient.open(server.url);
  const url = origin.url({ name: 'limited', bytes: BYTES, rate: BYTES_PER_SECOND_EACH });
  try {
    const { downloadDir } = server.place;
    const curl = await timeCommand(['curl', '-sf', '-o', join(downloadDir, 'curl.mp4'), url]);
    const { name, seconds } = await client.download({ url });
    const hash = createHash('sha256').update(await readFile(join(downloadDir, name)));
    if (hash.digest('hex') !== contentHash(BYTES)) throw new Error(`${name} has other bytes`);
    return {
      bytes: BYTES,
      bytesPerSecondEach: BYTES_PER_SECOND_EACH,
      curlSeconds: curl.wallSeconds,
      serverSeconds: seconds,
    };
  } finally {
    client.close();
    await server.stop();
  }
}
