/** The same work with a Sluice server, by a client on its channel. */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startServer } from '../../tests/support/server.ts';
import { BenchClient } from '../client.ts';
import { watchRss } from '../processes.ts';
import type { Outcome } from './works.ts';

export async function throughSluice(
  urls: string[],
  { bytes, atOnce }: { bytes: number; atOnce: number },
): Promise<Outcome> {
  const env = { SLUICE_MAX_ACTIVE: String(atOnce), SLUICE_MAX_ACTIVE_PER_SESSION: String(atOnce) };
  const server = await startServer({ env });
  const client = await BenchClient.open(server.url);
  try {
    const watch = watchRss(server.pid);
    const startedAt = performance.now();
    await Promise.all(urls.map((url) => client.download({ url, engine: 'http' })));
    const seconds = (performance.now() - startedAt) / 1000;
    const peakRssBytes = watch.stop();
    const { downloadDir } = server.place;
    const whole = readdirSync(downloadDir).filter((name) => statSync(join(downloadDir, name)).size === bytes);
    if (whole.length !== urls.length) throw new Error(`${whole.length} of ${urls.length} files are whole`);
    return { seconds, peakRssBytes };
  } finally {
    client.close();
    await server.stop();
  }
}
