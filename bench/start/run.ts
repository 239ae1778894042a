/** `npm run bench:start [-- --rounds 7]`: from the command to ready, and from a page load to the first live update. */
import { parseArgs } from 'node:util';
import { prepareBuild } from '../../scripts/tools/test-build.ts';
import { PROJECT } from '../../tests/support/server.ts';
import { missing } from '../../tests/support/tools.ts';
import { report, type Spread, spreadOf, table } from '../harness.ts';
import { startOrigin } from '../origin/start.ts';
import { measurePage, type PageLoad } from './page.ts';
import { measureNpmStart, measureServer, type ServerStart } from './ready.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '7' }, json: { type: 'boolean' } },
});
const rounds = Number(values.rounds);

prepareBuild(PROJECT);
const starts: ServerStart[] = [];
const npmMs: number[] = [];
for (let round = 0; round < rounds; round++) {
  starts.push(await measureServer());
  npmMs.push(await measureNpmStart());
}

const noBrowser = missing('chromium');
if (noBrowser !== null) console.log(`SKIP the page: ${noBrowser}`);
let loads: PageLoad[] = [];
if (noBrowser === null) {
  const origin = await startOrigin();
  try {
    loads = await measurePage(origin, rounds);
  } finally {
    await origin.close();
  }
}

const server = (key: keyof ServerStart): Spread => spreadOf(starts.map((start) => start[key]));
const page = (key: keyof PageLoad): Spread => spreadOf(loads.map((load) => load[key]));
const result = {
  readyMs: server('readyMs'),
  npmStartMs: spreadOf(npmMs),
  idleRssBytes: server('idleRssBytes'),
  servedRssBytes: server('servedRssBytes'),
  page:
    loads.length === 0
      ? null
      : {
          scriptGzipBytes: page('scriptGzipBytes').median,
          scripts: page('scripts').median,
          firstContentfulPaintMs: page('firstContentfulPaintMs'),
          snapshotMs: page('snapshotMs'),
          firstUpdateMs: page('firstUpdateMs'),
        },
};
const of = ({ median, low, high }: Spread, unit: string, scale = 1): string =>
  `${(median / scale).toFixed(0)} (${(low / scale).toFixed(0)}–${(high / scale).toFixed(0)}) ${unit}`;
const rows = [
  ['', 'median (quartiles)', 'limit'],
  ['the server: from the command to ready', of(result.readyMs, 'ms'), '500 ms'],
  ['npm start: the same', of(result.npmStartMs, 'ms'), '1000 ms'],
  ['idle RSS', of(result.idleRssBytes, 'MB', 1e6), '90 MB'],
  ['  after a first page', of(result.servedRssBytes, 'MB', 1e6), ''],
];
if (result.page !== null) {
  const { scripts, scriptGzipBytes } = result.page;
  rows.push(
    [`first load: ${scripts} scripts, gzipped`, `${(scriptGzipBytes / 1000).toFixed(1)} kB`, '100 kB'],
    ['  first contentful paint', of(result.page.firstContentfulPaintMs, 'ms'), ''],
    ['  the list of downloads is there', of(result.page.snapshotMs, 'ms'), ''],
    ['  first live update', of(result.page.firstUpdateMs, 'ms'), ''],
  );
}
report('start', { rounds, ...result }, table(rows));
