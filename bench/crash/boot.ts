/**
 * `npm run crash:boot [-- --sessions 10000 --rows 20 --working 100]`: how long a start takes with a store of many idle
 * sessions, and some with running downloads. Prints figures and writes bench/results/boot.json.
 */
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openStore } from '#lib/actors/durable/storage.server.ts';
import { newRow } from '#lib/actors/download/row.ts';
import { DOWNLOAD_STATES, type DownloadState } from '#lib/protocol/download.ts';
import { prepareBuild } from '../../scripts/tools/test-build.ts';
import { makePlace, PROJECT } from '../../tests/support/server.ts';
import { machine, spreadOf } from '../harness.ts';
import { Victim } from './victim.ts';

const STARTS = 7;
const MAX_N = 999_999_999_999;

const { values } = parseArgs({
  options: {
    sessions: { type: 'string', default: '10000' },
    rows: { type: 'string', default: '20' },
    working: { type: 'string', default: '100' },
  },
});
const sessions = Number(values.sessions);
const rows = Number(values.rows);
const working = Number(values.working);

prepareBuild(PROJECT);
const place = makePlace();
try {
  const results = [];
  for (const busy of [0, working]) {
    fill(join(place.dataDir, 'sluice.db'), busy);
    const victim = await Victim.create({ place, env: { SLUICE_ENGINES: 'http' } });
    for (let n = 0; n < STARTS; n++) {
      await victim.start().ready;
      await victim.kill();
    }
    const { median } = spreadOf(victim.readyMs);
    const worst = Math.max(...victim.readyMs);
    const storeMiB = statSync(join(place.dataDir, 'sluice.db')).size / 2 ** 20;
    results.push({ sessions, rows, working: busy, storeMiB, medianMs: median, worstMs: worst });
    console.log(
      `${sessions} sessions of ${rows} rows (${storeMiB.toFixed(0)} MiB), ${busy} of them at work: ready after a kill ` +
        `in ${Math.round(median)} ms (median of ${victim.readyMs.length}), ${Math.round(worst)} ms at worst`,
    );
  }
  mkdirSync(join(PROJECT, 'bench/results'), { recursive: true });
  const whole = { bench: 'boot', machine: machine(), measuredAt: new Date().toISOString(), results };
  writeFileSync(join(PROJECT, 'bench/results/boot.json'), `${JSON.stringify(whole, null, 2)}\n`);
} finally {
  place.remove();
}

/** Writes sessions as `SessionStore` does; the last `busy` ones have a running download. */
function fill(file: string, busy: number): void {
  const store = openStore(file);
  const now = Date.now();
  for (let s = 0; s < sessions; s++) {
    const session = store.rows({ class: 'session', id: `session${String(s).padStart(8, '0')}` });
    const counts = Object.fromEntries(DOWNLOAD_STATES.map((state) => [state, 0])) as Record<
      DownloadState,
      number
    >;
    const isBusy = s >= sessions - busy;
    for (let n = 1; n <= rows; n++) {
      const id = `${String(s).padStart(7, '0')}${String(n).padStart(5, '0')}`;
      const state = isBusy && n === rows ? 'download' : 'complete';
      const body = {
        // nobody listens there: downloads fail at once, as only the start is measured
        url: `http://192.0.2.1:9/${id}.bin`,
        streamId: null,
        engine: 'http' as const,
        filename: null,
        title: null,
      };
      const row = { ...newRow(id, n, body, now, 'bench'), state, file: { name: `${id}.bin`, bytes: 1 } };
      session.put(`d/${id}`, JSON.stringify(row));
      session.put(`by/${state}/${String(MAX_N - n).padStart(12, '0')}`, JSON.stringify(id));
      counts[state]++;
    }
    session.put('meta', JSON.stringify({ v: 1, createdAt: now, nextN: rows + 1, counts }));
    if (isBusy) {
      const at = now + 30_000;
      session.put(`due/${String(at).padStart(15, '0')}/lease`, JSON.stringify('lease'));
      session.setAlarm({ at, retries: 0 });
    }
  }
  store.commit();
  store.close();
}
