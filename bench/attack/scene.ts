/** The machine that is attacked: the internet, a name server, the real server, and things worth having beside it. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Dice } from '../../tests/annie/progress/dice.ts';
import { type NameServer, startNameServer, type Zone } from '../../tests/guard/name-server.ts';
import { makePlace, type Place, startServer, type TestServer } from '../../tests/support/server.ts';
import { NAME_SERVER } from './world/internet.ts';
import { type Origin, startOrigin } from './world/origin.ts';

/** Of strangers: the same machine has an address of each family. */
export const SITE = 'site.attack.example';
export const SITE_V4 = '93.184.215.14';
const SITE_V6 = '2606:2800:21f:cb07::14';

/** `slice` takes some seconds, `full` some minutes. */
export type Scale = 'slice' | 'full';

export interface Scene {
  scale: Scale;
  seed: number;
  origin: Origin;
  zone: Zone;
  server: TestServer;
  /** Of what nobody outside may read: it is in each secret. */
  mark: string;
  /** Starts one more server, on other folders. */
  another(env: Record<string, string>): Promise<TestServer>;
  /** In the full scale all, in the other a few, chosen by the seed. */
  some: <T>(all: readonly T[], few: number) => T[];
  close(): Promise<void>;
}

/** So that a queue of jobs does not wait for slots; `SLUICE_ALLOW_PRIVATE` is empty as for a newcomer. */
const ENV = {
  SLUICE_ALLOW_PRIVATE: '',
  SLUICE_MAX_ACTIVE: '32',
  SLUICE_MAX_ACTIVE_PER_SESSION: '16',
  SLUICE_INSPECTOR: '1',
};

export async function openScene(scale: Scale, seed: number): Promise<Scene> {
  const zone: Zone = { [SITE]: [SITE_V4, SITE_V6] };
  const mark = `secret-${seed}-${process.pid}`;
  const names: NameServer = await startNameServer(zone, { host: NAME_SERVER, port: 53 });
  const origin = await startOrigin();
  const others: TestServer[] = [];
  const places: Place[] = [];
  const start = async (env: Record<string, string>): Promise<TestServer> => {
    const place = makePlace();
    places.push(place);
    plantSecrets(place, mark);
    return startServer({ place, env: { ...ENV, ...env } });
  };
  const server = await start({});
  const dice = new Dice(seed);
  return {
    ...{ scale, seed, origin, zone, server, mark },
    async another(env) {
      const other = await start(env);
      others.push(other);
      return other;
    },
    some: (all, few) => (scale === 'full' ? [...all] : shuffled(all, dice).slice(0, few)),
    async close() {
      for (const each of [server, ...others]) await each.stop();
      await origin.close();
      await names.close();
      for (const place of places) place.remove();
    },
  };
}

function shuffled<T>(all: readonly T[], dice: Dice): T[] {
  const rest = [...all];
  return all.map(() => rest.splice(dice.below(rest.length), 1)[0]!);
}

/** Beside the folders that the server is given, and among them. */
function plantSecrets(place: Place, mark: string): void {
  mkdirSync(join(place.home, '.ssh'));
  for (const path of secretsOf(place)) writeFileSync(path, `#EXTM3U\n${mark}\n`);
}

export function secretsOf({ dir, home, dataDir }: Place): string[] {
  return [
    join(home, '.ssh/id_ed25519'),
    join(home, 'notes.txt'),
    join(dir, 'film.m3u8'),
    join(dataDir, 'secret.mp4'),
  ];
}

/** Resident memory, bytes. */
export function residentBytes(pid: number): number {
  const [, kb = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kb) * 1024;
}

export function descriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

/** Runs `work` on all, so many at a time. */
export async function eachAtOnce<T>(
  all: Iterable<T>,
  atOnce: number,
  work: (one: T) => Promise<void>,
): Promise<void> {
  const rest = all[Symbol.iterator]();
  const loop = async (): Promise<void> => {
    for (let next = rest.next(); !next.done; next = rest.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
}
