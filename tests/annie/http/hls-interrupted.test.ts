/** Films of which only begun fragments are on the disk: they go on, if they are still the same. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import { hashOf as filmHash, startOrigin } from '../../../bench/crash/power/origin.ts';
import { contentPieces } from '../../site/content.ts';
import { type OddAnswer, startOddOrigin } from '../../site/odd-origin.ts';
import { readers } from '../../support/readers.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { codeOf, freshDir, hashOf, jobFor, openGuard, removeDirs } from './kit.ts';

const engine = new HttpEngine({ guard: openGuard(), readers, stallMs: 10_000 });

test('of a film that is killed again and again at most 15 % is fetched twice', async () => {
  const origin = await startOrigin();
  try {
    const film = { name: 'film.m3u8', seed: 41, bytes: 700_000, fragments: 4, isEven: true };
    const served = { ...film, bytesPerSecond: 350_000 };
    const filmBytes = film.fragments * film.bytes;
    origin.serve(served);
    const url = `${origin.url}/${film.name}`;
    const workDir = await freshDir();
    for (const share of [0.3, 0.7]) {
      const argv = ['-C', 'development', join(import.meta.dirname, 'fetch-child.ts'), url, workDir];
      const child = spawn(process.execPath, argv, { stdio: 'ignore' });
      const exit = once(child, 'exit');
      await waitFor(() => origin.sent(film.name) >= share * filmBytes, { what: `${share} of the film` });
      child.kill('SIGKILL');
      await settles(exit);
    }
    const { path } = await settles(engine.download(jobFor(url, workDir)));
    assert.is(await hashOf(path), filmHash(served));
    const again = origin.sent(film.name) / filmBytes - 1;
    assert.ok(again < 0.15, `${again * 100} % was fetched twice`);
  } finally {
    await origin.close();
  }
});

const FRAGMENT_BYTES = 200_000;
const HELD = 50_000;

interface Film {
  seed: number;
  headers: Record<string, string>;
}

/** An initialisation part and two fragments. */
function bytesOf({ seed }: Film, name: string): Buffer {
  if (name === 'init') return Buffer.alloc(1000, 7);
  return Buffer.concat([...contentPieces(seed + Number(name), 0, FRAGMENT_BYTES)]);
}

function wholeOf(film: Film): Buffer {
  return Buffer.concat(['init', '0', '1'].map((name) => bytesOf(film, name)));
}

const PLAYLIST = [
  ...['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-MAP:URI="init.mp4"'],
  ...['#EXTINF:2,', '0.mp4', '#EXTINF:2,', '1.mp4', '#EXT-X-ENDLIST'],
].join('\n');

function answerOf(film: Film, path: string, from: number | null, to: number | null): OddAnswer {
  const headers = { 'content-type': 'video/mp4', ...film.headers };
  if (path === '/film.m3u8') {
    const type = { 'content-type': 'application/vnd.apple.mpegurl', 'content-length': PLAYLIST.length };
    return { status: 200, headers: type, body: Buffer.from(PLAYLIST) };
  }
  const file = bytesOf(film, /\w+/.exec(path)?.[0] ?? '');
  const [start, end] = [from ?? 0, Math.min(to ?? file.length, file.length)];
  const body = file.subarray(start, end);
  const range = from === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${file.length}` };
  return {
    status: from === null ? 200 : 206,
    headers: { ...headers, ...range, 'content-length': body.length },
    body,
  };
}

const origin = await startOddOrigin();
const url = `${origin.url}/film.m3u8`;

/** Of each fragment its first bytes are there. */
async function begun(film: Film): Promise<string> {
  const workDir = await freshDir();
  origin.answer = ({ path, from, to }) => ({
    ...answerOf(film, path, from, to),
    ...(/\d\.mp4/.test(path) ? { stop: { after: HELD, how: 'hold' as const } } : {}),
  });
  const abort = new AbortController();
  const job = jobFor(url, workDir, { signal: abort.signal });
  const running = codeOf(engine.download(job));
  await waitFor(() => job.samples.at(-1)?.receivedBytes === 1000 + 2 * HELD, { what: 'the held bytes' });
  abort.abort();
  await settles(running);
  return workDir;
}

async function finished(film: Film, workDir: string): Promise<{ file: Buffer; asked: string[] }> {
  const before = origin.asked.length;
  origin.answer = ({ path, from, to }) => answerOf(film, path, from, to);
  const { path } = await settles(engine.download(jobFor(url, workDir)));
  const asked = origin.asked.slice(before).filter((each) => each.path.endsWith('.mp4'));
  return {
    file: await readFile(path),
    asked: asked.map((each) => `${each.path} ${each.from ?? 'all'}`).sort(),
  };
}

for (const [what, headers, from] of [
  ['ETags', { etag: '"v1"' }, HELD],
  ['no validators', {}, HELD - 16 * 1024],
] as const) {
  test(`after a pause a film with ${what} goes on in the middle of its first fragments`, async () => {
    const film = { seed: 61, headers };
    const { file, asked } = await finished(film, await begun(film));
    assert.ok(file.equals(wholeOf(film)));
    assert.equal(asked, [`/0.mp4 ${from}`, `/1.mp4 ${from}`]);
  });

  test(`after a pause another film with ${what} is fetched anew, its initialisation too`, async () => {
    const workDir = await begun({ seed: 61, headers });
    const other = { seed: 71, headers: 'etag' in headers ? { etag: '"v2"' } : headers };
    const { file, asked } = await finished(other, workDir);
    assert.ok(file.equals(wholeOf(other)));
    for (const all of ['/0.mp4 all', '/1.mp4 all', '/init.mp4 all']) assert.ok(asked.includes(all), all);
  });
}

test.after(async () => {
  await engine.close();
  await origin.close();
  await removeDirs();
});

test.run();
