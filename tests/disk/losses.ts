/** How a store can be lost, and what a start makes of each. */
import { mkdirSync, readdirSync, rmSync, symlinkSync, truncateSync } from 'node:fs';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { sluice } from '../support/cli.ts';
import {
  listed,
  makeDailyCopy,
  refusedStart,
  sizeOf,
  started,
  type Used,
  withUsedPlace,
} from './store-place.ts';

export const LOSSES: Record<string, (used: Used) => void> = {
  'the database is of 0 bytes': ({ store }) => truncateSync(store, 0),
  'the database is of 0 bytes and its WAL is gone': ({ store }) => {
    truncateSync(store, 0);
    rmSync(`${store}-wal`);
  },
  'the database is missing': ({ store }) => rmSync(store),
  'database and WAL are missing': ({ store }) => {
    rmSync(store);
    rmSync(`${store}-wal`);
  },
  'the WAL is missing': ({ store }) => rmSync(`${store}-wal`),
  'the WAL is of 0 bytes': ({ store }) => truncateSync(`${store}-wal`, 0),
  'the database is a folder': ({ store }) => {
    rmSync(store);
    mkdirSync(store);
  },
  'the database is a link that leads nowhere': ({ store }) => {
    rmSync(store);
    symlinkSync('/nowhere/sluice.db', store);
  },
};

/** @param names of `LOSSES` */
export function testLosses(test: Test, names: readonly string[]): void {
  for (const name of names) {
    const lose = LOSSES[name] as (used: Used) => void;
    test(`${name}: the start is refused, names the copy and what to type, and changes nothing`, () =>
      withUsedPlace(async (used) => {
        const { place, store, api, ids } = used;
        await makeDailyCopy(store);
        // As after another kill.
        await started(place, (server) => server.kill9());
        lose(used);
        const before = readdirSync(place.dataDir).sort();
        const wal = sizeOf(`${store}-wal`);
        for (let start = 0; start < 2; start += 1) {
          const { code, stderr } = await refusedStart(place);
          assert.is(code, 1, stderr);
          assert.match(stderr, /^sluice: sluice\.db.* The newest copy is sluice\.db\.daily\.backup, of 20/);
          assert.match(
            stderr,
            /type: sluice store restore sluice\.db\.daily\.backup\. Or: sluice serve --new-store/,
          );
          assert.match(stderr, /\(store_missing\)\n$/);
          assert.ok(stderr.includes(place.dataDir), stderr);
        }
        assert.equal(readdirSync(place.dataDir).sort(), before);
        assert.is(sizeOf(`${store}-wal`), wal, 'SQLite deletes a WAL beside an empty database');

        const { code, stdout, stderr } = await sluice(['store', 'restore'], { place });
        assert.is(code, 0, stderr);
        assert.match(stdout, /^The store is that of sluice\.db\.daily\.backup now, with \d+ values\.\n/);
        await started(place, async (server) => assert.equal(await listed(server, api), ids));
      }));
  }
}
