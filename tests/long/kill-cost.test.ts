/**
 * What kill -9 costs while bytes flow: a short form of the kill part of `npm run crash`, with the engine alone. How much is
 * sent before a kill takes effect depends on the load; `tests/annie/http/kill-cost.test.ts` has what does not.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import {
  bytesOf,
  hashOf as hashOfFile,
  type OriginFile,
  startOrigin,
} from '../../bench/crash/power/origin.ts';
import { freshDir, hashOf, jobFor, openGuard, removeDirs } from '../annie/http/kit.ts';
import { PROJECT } from '../support/server.ts';
import { readers } from '../support/readers.ts';
import { settles, waitFor } from '../support/wait.ts';

const MB = 1_000_000;
/** Before, all of the one file and 37 % of the other were. The campaign asks for 15 %, on a machine with nothing else to do. */
const MAX_REFETCHED = 0.25;
const FETCH = join(PROJECT, 'tests/annie/http/fetch-child.ts');
const origin = await startOrigin();
const engine = new HttpEngine({ guard: openGuard(), readers, stallMs: 10_000 });

/** Fetches it in a process of its own, which is killed once so many bytes of it were sent in all. */
async function fetchUntil(file: OriginFile, workDir: string, sentBytes: number): Promise<void> {
  const argv = ['-C', 'development', FETCH, `${origin.url}/${file.name}`, workDir];
  const child = spawn(process.execPath, argv, { stdio: 'ignore' });
  const exit = once(child, 'exit');
  const isDue = (): boolean => origin.sent(file.name) > sentBytes || child.exitCode !== null;
  await waitFor(isDue, { what: `${sentBytes} bytes to be sent` });
  child.kill('SIGKILL');
  await settles(exit);
}

/** Kills it whenever so many bytes more were sent, then lets it end. */
async function refetchedShare(file: OriginFile, kills: number, lifeBytes: number): Promise<number> {
  origin.serve(file);
  const workDir = await freshDir();
  for (let kill = 0; kill < kills; kill++)
    await fetchUntil(file, workDir, origin.sent(file.name) + lifeBytes);
  const running = engine.download(jobFor(`${origin.url}/${file.name}`, workDir));
  const { path } = await settles(running, { deadlineMs: 60_000 });
  assert.is(await hashOf(path), hashOfFile(file));
  return origin.sent(file.name) / bytesOf(file) - 1;
}

const costs = (
  [
    ['one connection', { name: 'one.bin', bytes: 4 * MB, fragments: 0 }, 1.4 * MB],
    ['several connections', { name: 'several.bin', bytes: 24 * MB, fragments: 0 }, 9 * MB],
    ['the fragments of a film', { name: 'film.m3u8', bytes: 0.7 * MB, fragments: 4, isEven: true }, 0.9 * MB],
  ] as const
).map(([what, file, lifeBytes]) => {
  const bytesPerSecond = file.fragments > 0 ? MB / 2 : 2 * MB;
  const share = refetchedShare({ ...file, seed: 7, bytesPerSecond }, 2, lifeBytes);
  share.catch(() => undefined);
  return { what, share };
});

for (const { what, share } of costs) {
  test(`kill -9 over ${what} costs little, from the first byte on`, async () => {
    const refetched = await share;
    console.log(`${what}: ${(refetched * 100).toFixed(1)} % fetched again`);
    assert.ok(refetched <= MAX_REFETCHED, `${(refetched * 100).toFixed(1)} % was fetched again`);
  });
}

test.after(async () => {
  await engine.close();
  await origin.close();
  await removeDirs();
});

test.run();
