/** `npm run bench:peers`: the same work with other programs, in the same run. Missing programs are listed. */
import { tmpdir } from 'node:os';
import { prepareBuild } from '../../scripts/tools/test-build.ts';
import { prepareYtDlp } from '../../scripts/tools/test-yt-dlp.ts';
import { PROJECT } from '../../tests/support/server.ts';
import { ratios, report, type Spread, spreadOf, table } from '../harness.ts';
import { startOrigin } from '../origin/start.ts';
import { warmMemory } from '../warm-memory.ts';
import { programs } from './programs.ts';
import { throughSluice } from './sluice.ts';
import { manyAtOnce, oneLarge, type Outcome } from './works.ts';

const LARGE_BYTES = 2 ** 30;
const LARGE_ROUNDS = 3;
const SLOW = { bytes: 10_000_000, atOnce: 32 };
const SLOW_BYTES_PER_SECOND = 1_000_000;
const SMALL = { bytes: 10_000, atOnce: 8 };
const SMALL_FILES = 2000;
/** yt-dlp takes minutes for 2,000, one after the other. */
const SMALL_FILES_SEQUENTIAL = 100;

prepareBuild(PROJECT);
await prepareYtDlp();
const all = programs();
for (const { name, missing } of all) if (missing !== null) console.log(`SKIP ${name}: ${missing}`);
const present = all.filter(({ missing }) => missing === null);

const origin = await startOrigin();
const urls = (kind: string, count: number, wish: { bytes: number; rate?: number }): string[] =>
  Array.from({ length: count }, (_, k) => origin.url({ name: `${kind}-${k}`, ...wish }));
try {
  const large = new Map<string, Outcome[]>(
    [...present.map(({ name }) => name), 'sluice'].map((n) => [n, []]),
  );
  const [largeUrl = ''] = urls('large', 1, { bytes: LARGE_BYTES });
  for (let round = 0; round < LARGE_ROUNDS; round++) {
    for (const program of present) {
      await warmMemory(tmpdir(), LARGE_BYTES * 1.25);
      large.get(program.name)?.push(await oneLarge(program, largeUrl, LARGE_BYTES));
    }
    await warmMemory(tmpdir(), LARGE_BYTES * 1.25);
    large.get('sluice')?.push(await throughSluice([largeUrl], { bytes: LARGE_BYTES, atOnce: 1 }));
  }

  const slow = new Map<string, Outcome>();
  const slowUrls = urls('slow', SLOW.atOnce, { bytes: SLOW.bytes, rate: SLOW_BYTES_PER_SECOND });
  for (const program of present) slow.set(program.name, await manyAtOnce(program, slowUrls, SLOW));
  slow.set('sluice', await throughSluice(slowUrls, SLOW));

  const smallPerSecond = new Map<string, number>();
  for (const program of present) {
    const count = program.isSequential ? SMALL_FILES_SEQUENTIAL : SMALL_FILES;
    const { seconds } = await manyAtOnce(program, urls('small', count, { bytes: SMALL.bytes }), SMALL);
    smallPerSecond.set(program.name, count / seconds);
  }
  const { seconds } = await throughSluice(urls('small', SMALL_FILES, { bytes: SMALL.bytes }), SMALL);
  smallPerSecond.set('sluice', SMALL_FILES / seconds);

  const walls = (name: string): number[] => (large.get(name) ?? []).map((outcome) => outcome.seconds);
  const overCurl = (name: string): Spread | null =>
    large.has('curl') ? ratios(walls(name), walls('curl')) : null;
  const result = [...large.keys()].map((name) => ({
    name,
    largeSeconds: spreadOf(walls(name)),
    largeOverCurl: overCurl(name),
    slowPeakRssBytes: slow.get(name)?.peakRssBytes ?? null,
    smallPerSecond: smallPerSecond.get(name) ?? null,
  }));
  const text = table([
    ['', '1 GiB, s', 'over curl', '32 slow, peak RSS', '10 kB files a second'],
    ...result.map((row) => [
      row.name,
      row.largeSeconds.median.toFixed(2),
      row.largeOverCurl === null ? '' : row.largeOverCurl.median.toFixed(2),
      row.slowPeakRssBytes === null ? '' : `${(row.slowPeakRssBytes / 1e6).toFixed(0)} MB`,
      row.smallPerSecond === null ? '' : row.smallPerSecond.toFixed(0),
    ]),
  ]);
  const skipped = all.flatMap(({ name, missing }) => (missing === null ? [] : [{ name, missing }]));
  report('peers', { programs: result, skipped }, text);
} finally {
  await origin.close();
}
