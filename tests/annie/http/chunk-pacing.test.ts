/** Bodies in chunks of a byte: what they cost this thread, side by side with ordinary ones. */
import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { surplusOf } from '#lib/annie/http/client/chunk-pacing.server.ts';
import { HttpClient } from '#lib/annie/http/client/client.server.ts';
import { downloadFile } from '#lib/annie/http/file/download.server.ts';
import { probe } from '#lib/annie/http/probe.server.ts';
import { settles } from '../../support/wait.ts';
import { codeOf, freshDir, jobFor, openGuard, removeDirs } from './kit.ts';

const MIB = 1024 * 1024;
const PAGE_BYTES = 4 * MIB - 1000;
/** It was 55 times. */
const MOST_CPU = 8;

const origin = new Worker(new URL('./chunked-origin.ts', import.meta.url));
const [port] = (await once(origin, 'message')) as [number];
const guard = openGuard();
const client = new HttpClient({ guard, stallMs: 10_000, headTimeoutMs: 10_000 });
const { signal } = new AbortController();
const urlOf = (chunkBytes: number, bytes: number, name: string): string =>
  `http://127.0.0.1:${port}/${chunkBytes}/${bytes}/${name}`;

test.after(async () => {
  await client.close();
  await origin.terminate();
  await removeDirs();
});

const cpuMs = (since?: NodeJS.CpuUsage): number => {
  const { user, system } = process.threadCpuUsage(since);
  return (user + system) / 1000;
};

/** CPU of this thread. */
async function costOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.threadCpuUsage();
  await settles(work());
  return cpuMs(before);
}

/** The least of three ratios: a collection of garbage may fall into any of them. */
async function leastRatio(measure: (chunkBytes: number) => Promise<number>, most: number): Promise<number> {
  let least = Infinity;
  // The first one compiles.
  await measure(0);
  for (let attempt = 0; attempt < 3 && least > most; attempt++) {
    const ordinary = await measure(0);
    least = Math.min(least, (await measure(1)) / Math.max(4, ordinary));
  }
  return least;
}

async function lookUp(chunkBytes: number, bytes = PAGE_BYTES, name = 'a.html'): Promise<number | string> {
  let received = 0;
  const code = await codeOf(
    probe(client, urlOf(chunkBytes, bytes, name), signal, 'text').then(({ body }) => {
      received = body?.reduce((sum, { length }) => sum + length, 0) ?? 0;
    }),
  );
  return code === 'done' ? received : code;
}

test('a page or a playlist in chunks of a byte is given up, long before the limit of its bytes', async () => {
  assert.is(await settles(lookUp(1)), 'too_complex');
  assert.is(await settles(lookUp(1, 40_000)), 'too_complex');
  assert.is(await settles(lookUp(1, 16 * MIB - 1000, 'a.m3u8')), 'too_complex');
});

test('a page in chunks as servers send them is read whole, and so is a short one in chunks of a byte', async () => {
  assert.is(await settles(lookUp(4000, 4_000_006)), 4_000_006);
  assert.is(await settles(lookUp(128, 1_280_006)), 1_280_006);
  assert.is(await settles(lookUp(1, 20_000)), 20_000);
});

test('a look-up in chunks of a byte takes not many times the CPU of an ordinary one', async () => {
  const ratio = await leastRatio((chunkBytes) => costOf(() => lookUp(chunkBytes)), MOST_CPU);
  assert.ok(ratio <= MOST_CPU, `${ratio.toFixed(1)} times`);
});

test('in one turn of the event loop at most 1000 small pieces are parsed, however many are waited for', async () => {
  const { body } = await client.get(urlOf(1, 200_000, 'a.mp4'), { signal });
  let most = 0;
  let isDone = false;
  const watching = (async () => {
    for (let seen = 0; !isDone;) {
      await setImmediate();
      const now = surplusOf(body);
      most = Math.max(most, (now - seen) / 127);
      seen = now;
    }
  })();
  const chunks = body.iterator() as AsyncIterable<Buffer>;
  // As a text that waits for its turn: the body is read ahead meanwhile.
  for await (const _ of chunks) for (let turns = 0; turns < 50; turns++) await setImmediate();
  isDone = true;
  await watching;
  assert.ok(most > 500 && most <= 1000, `${most} pieces`);
});

test('a file in chunks of a byte arrives whole', async () => {
  const options = { client, guard, maxConnections: 4, stallMs: 10_000, syncAtEnd: false };
  const { bytes } = await settles(
    downloadFile(jobFor(urlOf(1, 200_000, 'a.mp4'), await freshDir()), options),
  );
  assert.is(bytes, 200_000);
});

test('all small pieces count, from the first one on, and large ones count nothing more', async () => {
  for (const [chunkBytes, surplus] of [
    [1, 127 * 994 + 122],
    [200, 122],
  ] as const) {
    const { body } = await client.get(urlOf(chunkBytes, 1000, 'a.mp4'), { signal });
    await settles(body.toArray());
    assert.is(surplusOf(body), surplus);
  }
});

test.run();
