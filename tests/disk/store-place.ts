/** A data dir as it is after weeks of use: a server ran there, was killed, and has a daily copy. */
import { cpSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import * as assert from 'uvu/assert';
import { DailyCopy } from '#lib/actors/durable/daily-copy.server.ts';
import { openStore } from '#lib/actors/durable/storage.server.ts';
import { sluice, type CliResult } from '../support/cli.ts';
import type { Api } from '../support/api.ts';
import { makePlace, type Place, startServer, type TestServer } from '../support/server.ts';

export const SERVE = { SLUICE_PORT: '0', SLUICE_ENGINES: 'http' };
/** Nobody listens there: what is added waits or fails, and stays. */
export const NOWHERE = 'http://127.0.0.1:9';

export interface Used {
  place: Place;
  /** sluice.db */
  store: string;
  /** Of the session that has added something. */
  api: Api;
  ids: string[];
}

/** The server was killed after so many adds or more. Its last changes are in the WAL. */
export async function withUsedPlace(body: (used: Used) => Promise<void>, adds = 5): Promise<void> {
  const place = makePlace();
  try {
    const store = join(place.dataDir, 'sluice.db');
    const ids: string[] = [];
    const use = async (known?: Api): Promise<Api> => {
      const server = await startServer({ place, env: SERVE });
      const api = known?.at(server.url) ?? (await server.session());
      for (let n = 0; n < adds; n += 1) ids.push(await api.add({ url: `${NOWHERE}/${n}.bin` }));
      await server.kill9();
      return api;
    };
    let api = await use();
    // On a busy machine the kill may come after the checkpoint of an idle store.
    for (let tries = 1; statSync(`${store}-wal`).size === 0; tries += 1) {
      assert.ok(tries < 10, 'the WAL is empty after each kill');
      api = await use(api);
    }
    await body({ place, store, api, ids });
  } finally {
    place.remove();
  }
}

/** Makes the daily copy of a store that is not open. */
export async function makeDailyCopy(store: string): Promise<void> {
  const opened = openStore(store);
  const errors: unknown[] = [];
  await new DailyCopy(opened, store, { onError: (error) => errors.push(error) }).refresh();
  opened.close();
  if (errors.length > 0) throw errors[0];
}

/** A start that is refused: its exit code and what it says. One that is not refused is stopped. */
export async function refusedStart(place: Place, args: string[] = []): Promise<CliResult> {
  return sluice(['serve', ...args], { place, env: SERVE });
}

export async function started<T>(
  place: Place,
  body: (server: TestServer) => Promise<T>,
  ...args: string[]
): Promise<T> {
  const server = await startServer({ place, env: SERVE, args });
  try {
    return await body(server);
  } finally {
    await server.stop();
  }
}

/** The session of a token. */
export function sessionOf({ token }: Api): string {
  return token.split('.')[0] ?? '';
}

export function listed(server: TestServer, api: Api): Promise<string[]> {
  return api
    .at(server.url)
    .list()
    .then((rows) => rows.map(({ id }) => id).reverse());
}

/** Runs SQL on a store that nobody has open. */
export function withSql<T>(store: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(store);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

export function bytesOf(path: string): string {
  return readFileSync(path, 'base64');
}

export function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1;
}

export function copyStoreFiles(from: string, to: string): void {
  for (const end of ['', '-wal']) if (sizeOf(from + end) >= 0) cpSync(from + end, to + end);
}
