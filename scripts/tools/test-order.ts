/** In which order test files start. */
import type { TestFile } from './test-files.ts';

/**
 * Files of some 15 s and more on two quiet cores, the longest first: begun last, one of them would run on alone at the end.
 * Only an order: a file that is not here, or no longer there, runs all the same.
 */
const SLOW = [
  'tests/crash/hostile',
  'tests/e2e/inspector',
  'tests/crash/orphans',
  'tests/annie/yt-dlp/engine',
  'tests/crash/crash',
  'tests/disk/missing-store',
  'tests/actors/durable/workerd-contract',
  'tests/e2e/sha-256',
  'tests/annie/yt-dlp/resume',
  'tests/wild/slow-start',
  'tests/sim/simulation',
  'tests/disk/full-http',
  'tests/annie/yt-dlp/hostile',
  'tests/annie/stand-in/recordings',
  'tests/foreign/pool/reader-pool',
  'tests/foreign/pool/crash',
  'tests/e2e/page-lookups',
  'tests/attack/slice',
  'tests/annie/ffmpeg/hostile',
  'tests/foreign/page/scaling',
  'tests/e2e/page-lost',
  'tests/sandbox/yt-dlp',
  'tests/sandbox/yt-dlp-partial',
  'tests/e2e/hostile-text',
  'tests/sandbox/gallery-dl',
  'tests/foreign/yt-dlp/scaling',
  'tests/watchdog/server',
  'tests/e2e/page-access',
  'tests/disk/store-command',
  'tests/e2e/page',
  'tests/house/mutate',
  'tests/edge/strangers',
  'tests/e2e/page-first-visit',
  'tests/e2e/page-lists',
  'tests/wild/host-limit',
  'tests/annie/http/fragment-lies',
  'tests/disk/lost-place',
  'tests/annie/http/file',
].map((path) => `${path}.test.ts`);

export function longestFirst<T extends Pick<TestFile, 'path'>>(files: T[]): T[] {
  const slow = SLOW.flatMap((path) => files.filter((file) => file.path === path));
  return [...slow, ...files.filter((file) => !slow.includes(file))];
}
