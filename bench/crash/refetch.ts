/**
 * What a kill costs: files that take seconds, over one connection and over several, while the server is killed again and
 * again. What their origin sent beyond their sizes was fetched again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { join } from 'node:path';
import { makePlace } from '../../tests/support/server.ts';
import { sha256File } from '../../tests/support/media-hash.ts';
import { waitFor } from '../../tests/support/wait.ts';
import { Client } from './clients.ts';
import type { PlannedDownload } from './plan.ts';
import { hashOf, type OriginFile, startOrigin } from './power/origin.ts';
import { createRandom, type Random } from './random.ts';
import { Victim } from './victim.ts';

const MB = 1_000_000;
const BYTES_PER_SECOND = 2 * MB;
/** From the first byte that a started server fetches to its end. */
const LIFE_MS = { min: 300, max: 1_500 };
const FINISH_MS = 60_000;
/** Share of the bytes that may be fetched again. */
export const MAX_REFETCHED = 0.15;

export interface Refetched {
  what: string;
  kills: number;
  bytes: number;
  refetchedBytes: number;
  /** Files that are not complete at last, or not right. */
  wrong: string[];
}

export interface RefetchOptions {
  seed: number;
  kills: number;
}

/** Files of 1 to 4 MB, and one that is large enough for several connections. */
export async function measureRefetched({ seed, kills }: RefetchOptions): Promise<Refetched[]> {
  const random = createRandom(seed ^ 0x1e57);
  const file = (name: string, bytes: number): OriginFile => ({
    ...{ name: `${name}.bin`, seed: random.between(1, 8) * 100, bytes },
    ...{ bytesPerSecond: BYTES_PER_SECOND, fragments: 0 },
  });
  const small = Array.from({ length: 2 * kills }, (_, n) => file(`one${n}`, random.between(MB, 4 * MB)));
  return [
    await killWhileFetching('one connection', small, kills, random),
    await killWhileFetching('several connections', [file('several', 8 * kills * MB)], kills, random),
  ];
}

/** One line for each measurement. */
export function refetchSummary(measured: readonly Refetched[]): string {
  const mb = (bytes: number): string => (bytes / MB).toFixed(1);
  const share = ({ bytes, refetchedBytes }: Refetched): string => ((100 * refetchedBytes) / bytes).toFixed(1);
  return measured
    .map((each) => {
      const { what, kills, bytes, refetchedBytes } = each;
      return `${what}, ${kills} kills: ${mb(refetchedBytes)} MB fetched again for ${mb(bytes)} MB, ${share(each)} %`;
    })
    .join('\n');
}

/** The promises that were broken, a line each. */
export function brokenByRefetching(measured: readonly Refetched[]): string[] {
  return measured.flatMap(({ what, bytes, refetchedBytes, wrong }) => [
    ...wrong.map((line) => `${what}: ${line}`),
    ...(refetchedBytes > bytes * MAX_REFETCHED ? [`${what}: ${refetchedBytes} bytes fetched again`] : []),
  ]);
}

async function killWhileFetching(
  what: string,
  files: readonly OriginFile[],
  kills: number,
  random: Random,
): Promise<Refetched> {
  const origin = await startOrigin();
  const place = makePlace();
  const over = new AbortController();
  const victim = await Victim.create({ place, env: { SLUICE_ENGINES: 'http' } });
  try {
    const client = new Client(victim.url, over.signal);
    victim.start();
    await client.open();
    const ids = new Map<OriginFile, string>();
    for (const file of files) {
      origin.serve(file);
      const planned = { name: file.name.replace('.bin', ''), engine: 'http' } as PlannedDownload;
      ids.set(file, await client.add(planned, `${origin.url}/${file.name}`));
    }
    const sent = (): number => files.reduce((sum, { name }) => sum + origin.sent(name), 0);
    for (let kill = 0; kill < kills; kill++) {
      const before = sent();
      await waitFor(() => sent() > before, {
        what: `a byte of ${what} after kill ${kill}`,
        deadlineMs: FINISH_MS,
      });
      await delay(random.between(LIFE_MS.min, LIFE_MS.max));
      await victim.kill();
      victim.start();
    }
    const wrong = await unfinished(client, ids, place.downloadDir);
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    return { what, kills, bytes, refetchedBytes: sent() - bytes, wrong };
  } finally {
    over.abort();
    await victim.kill();
    await origin.close();
    place.remove();
  }
}

async function unfinished(
  client: Client,
  ids: ReadonlyMap<OriginFile, string>,
  downloadDir: string,
): Promise<string[]> {
  const end = performance.now() + FINISH_MS;
  const complete = async (): Promise<number> => (await client.list('complete')).length;
  while ((await complete()) < ids.size && performance.now() < end) await delay(50);
  const wrong: string[] = [];
  for (const [file, id] of ids) {
    const row = await client.get(id);
    const path = row?.file ? join(downloadDir, row.file.name) : null;
    const isRight = path !== null && (await sha256File(path)) === hashOf(file);
    if (!isRight) wrong.push(`${file.name} is ${row?.state ?? 'gone'}`);
  }
  return wrong;
}
