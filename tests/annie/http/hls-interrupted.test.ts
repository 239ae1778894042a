/** Streams of which only begun fragments are on the disk: they go on, if they are still the same. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import { contentPieces } from '../../site/content.ts';
import { type OddAnswer, type OddRequest, served, startOddOrigin } from '../../site/odd-origin.ts';
import { readers } from '../../support/readers.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { codeOf, freshDir, jobFor, openGuard, removeDirs } from './kit.ts';

const engine = new HttpEngine({ guard: openGuard(), readers, stallMs: 10_000 });

const FRAGMENT_BYTES = 200_000;
const HELD = 50_000;

interface Stream {
  seed: number;
  headers: Record<string, string>;
}

/** An initialisation part and two fragments. */
function bytesOf({ seed }: Stream, name: string): Buffer {
  if (name === 'init') return Buffer.alloc(1000, 7);
  return Buffer.concat([...contentPieces(seed + Number(name), 0, FRAGMENT_BYTES)]);
}

function wholeOf(stream: Stream): Buffer {
  return Buffer.concat(['init', '0', '1'].map((name) => bytesOf(stream, name)));
}

const PLAYLIST = [
  ...['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-MAP:URI="init.mp4"'],
  ...['#EXTINF:2,', '0.mp4', '#EXTINF:2,', '1.mp4', '#EXT-X-ENDLIST'],
].join('\n');

function answerOf(stream: Stream, request: OddRequest): OddAnswer {
  const { path } = request;
  if (path === '/stream.m3u8') {
    return served(Buffer.from(PLAYLIST), { 'content-type': 'application/vnd.apple.mpegurl' }, request);
  }
  const file = bytesOf(stream, /\w+/.exec(path)?.[0] ?? '');
  return served(file, { 'content-type': 'video/mp4', ...stream.headers }, request);
}

const origin = await startOddOrigin();
const url = `${origin.url}/stream.m3u8`;

/** Its first fragments stall. */
function hold(stream: Stream): void {
  origin.answer = (request) => ({
    ...answerOf(stream, request),
    ...(/\d\.mp4/.test(request.path) ? { stop: { after: HELD, how: 'hold' as const } } : {}),
  });
}

/** Of each fragment its first bytes are there, as a pause leaves them. */
async function paused(stream: Stream): Promise<string> {
  const workDir = await freshDir();
  hold(stream);
  const abort = new AbortController();
  const job = jobFor(url, workDir, { signal: abort.signal });
  const running = codeOf(engine.download(job));
  await waitFor(() => job.samples.at(-1)?.receivedBytes === 1000 + 2 * HELD, { what: 'the held bytes' });
  abort.abort();
  await settles(running);
  return workDir;
}

/** The same, as kill -9 leaves them. */
async function killed(stream: Stream): Promise<string> {
  const workDir = await freshDir();
  hold(stream);
  const argv = ['-C', 'development', join(import.meta.dirname, 'fetch-child.ts'), url, workDir];
  const child = spawn(process.execPath, argv, { stdio: 'ignore' });
  const exit = once(child, 'exit');
  const areWritten = async (): Promise<boolean> => {
    const parts = (await readdir(workDir)).filter((name) => name.endsWith('.part'));
    // A part that is complete is renamed at any time.
    const sizes = await Promise.all(
      parts.map((name) =>
        stat(join(workDir, name)).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    return sizes.length === 2 && sizes.every((size) => size === HELD);
  };
  await waitFor(areWritten, { what: 'the held bytes on the disk' });
  // What takes less than 50 ms is not noted.
  const areNoted = async (): Promise<boolean> => {
    const text = await readFile(join(workDir, 'hls-video.json'), 'utf8').catch(() => '{}');
    return (JSON.parse(text) as { parts?: unknown[] }).parts?.length === 2;
  };
  await waitFor(areNoted, { what: 'the note of both' });
  child.kill('SIGKILL');
  await settles(exit);
  return workDir;
}

async function finished(stream: Stream, workDir: string): Promise<{ file: Buffer; asked: string[] }> {
  const before = origin.asked.length;
  origin.answer = (request) => answerOf(stream, request);
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
  for (const [after, interrupt] of [
    ['a pause', paused],
    ['kill -9', killed],
  ] as const) {
    test(`after ${after} a stream with ${what} goes on in the middle of its first fragments`, async () => {
      const stream = { seed: 61, headers };
      const { file, asked } = await finished(stream, await interrupt(stream));
      assert.ok(file.equals(wholeOf(stream)));
      assert.equal(asked, [`/0.mp4 ${from}`, `/1.mp4 ${from}`]);
    });
  }

  test(`after a pause another stream with ${what} is fetched anew, its initialisation too`, async () => {
    const workDir = await paused({ seed: 61, headers });
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
