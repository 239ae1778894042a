/** Known files whose address now holds something else, and unusable servers: no bytes are lost and no sockets leak. */
import { existsSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpClient } from '#lib/annie/http/client/client.server.ts';
import { downloadFile, type FileOptions, NotAFile } from '#lib/annie/http/file/download.server.ts';
import { newSegment } from '#lib/annie/http/file/segments.ts';
import { Transfer } from '#lib/annie/http/file/transfer.server.ts';
import { settles, waitFor } from '../../support/wait.ts';
import { codeOf, freshDir, jobFor, openGuard, removeDirs } from './kit.ts';

const MiB = 1024 * 1024;
const guard = openGuard();
const client = new HttpClient({ guard, stallMs: 10_000, headTimeoutMs: 10_000 });
const options: FileOptions = { client, guard, maxConnections: 4, stallMs: 10_000, syncAtEnd: false };

let answer: (request: IncomingMessage, response: ServerResponse) => void = () => {};
const sockets = new Set<Socket>();
const server = createServer((request, response) => answer(request, response));
server.on('connection', (socket) => {
  sockets.add(socket);
  socket.on('close', () => sockets.delete(socket));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/clip.mp4`;

const rangeOf = ({ headers }: IncomingMessage, total: number): [from: number, to: number] => {
  const [, from = '0', to = ''] = /bytes=(\d+)-(\d*)/.exec(headers.range ?? '') ?? [];
  return [Number(from), to === '' ? total - 1 : Number(to)];
};
const part = (response: ServerResponse, [from, to]: [number, number], total: number): void => {
  response.writeHead(206, {
    'content-type': 'video/mp4',
    etag: '"v1"',
    'content-range': `bytes ${from}-${to}/${total}`,
    'content-length': to - from + 1,
  });
};
const expired = (response: ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>Your link has expired');
};

/** Leaves two of four MiB in the work dir. */
async function downloadHalf(workDir: string): Promise<void> {
  answer = (request, response) => {
    part(response, rangeOf(request, 4 * MiB), 4 * MiB);
    response.write(Buffer.alloc(2 * MiB, 7));
  };
  const abort = new AbortController();
  const job = jobFor(url, workDir, { signal: abort.signal });
  const running = codeOf(downloadFile(job, options));
  await waitFor(() => job.samples.at(-1)?.receivedBytes === 2 * MiB, { what: 'two MiB' });
  abort.abort();
  await settles(running);
}

test('a page in place of a known file is not a file, and the bytes on the disk stay', async () => {
  const workDir = await freshDir();
  await downloadHalf(workDir);
  answer = (_request, response) => expired(response);
  const thrown = await settles(downloadFile(jobFor(url, workDir), options).catch((error: unknown) => error));
  assert.instance(thrown, NotAFile);
  let firstRange: string | undefined;
  answer = (request, response) => {
    firstRange ??= request.headers.range;
    const [from, to] = rangeOf(request, 4 * MiB);
    part(response, [from, to], 4 * MiB);
    response.end(Buffer.alloc(to - from + 1, 7));
  };
  const { bytes } = await settles(downloadFile(jobFor(url, workDir), options));
  assert.is(bytes, 4 * MiB);
  assert.is(firstRange, `bytes=${2 * MiB}-`);
});

test('a page in response to a later request of the same attempt costs no bytes either', async () => {
  const workDir = await freshDir();
  let requests = 0;
  answer = (request, response) => {
    if (++requests > 1) return expired(response);
    part(response, rangeOf(request, 4 * MiB), 4 * MiB);
    response.write(Buffer.alloc(2 * MiB, 7), () => response.destroy());
  };
  assert.is(await settles(codeOf(downloadFile(jobFor(url, workDir), options))), 'login_required');
  assert.ok(existsSync(join(workDir, 'http-state.json')));
});

test('an unusable response keeps no connection', async () => {
  answer = (_request, response) => {
    response.writeHead(206, { 'content-type': 'video/mp4', 'content-range': 'bytes 0-99999999/*' });
    response.write(Buffer.alloc(20 * MiB));
  };
  for (let k = 0; k < 3; k++) {
    assert.is(await settles(codeOf(downloadFile(jobFor(url, await freshDir()), options))), 'remote_status');
  }
  await waitFor(() => sockets.size === 0, { what: 'all connections to be closed' });
});

test('a disk error of one connection is reported while another waits for its next try', async () => {
  const total = 64 * MiB;
  let isFirstCut = false;
  answer = (request, response) => {
    const [from, to] = rangeOf(request, total);
    part(response, [from, to], total);
    if (from > total / 4) {
      const timer = setInterval(() => response.write(Buffer.alloc(400_000)), 20);
      response.on('close', () => clearInterval(timer));
      return;
    }
    response.write(Buffer.alloc(200_000));
    const cut = (): void => {
      isFirstCut = true;
      response.destroy();
    };
    // After an extra connection was opened.
    const timer = setInterval(() => (sockets.size > 1 ? cut() : undefined), 20);
    response.on('close', () => clearInterval(timer));
  };
  const workDir = await freshDir();
  const file = await open(join(workDir, 'x'), 'w');
  const write = async (buffer: Buffer, at: number, bytes: number, position: number) => {
    if (isFirstCut && position > total / 4) throw Object.assign(new Error('quota'), { code: 'EDQUOT' });
    return file.write(buffer, at, bytes, position);
  };
  const { signal } = new AbortController();
  const transfer = new Transfer({
    ...options,
    ...{
      url,
      workDir,
      signal,
      handle: { write } as unknown as FileHandle,
      segments: [newSegment(0, total)],
      totalBytes: total,
    },
    ...{ validators: { etag: '"v1"', lastModified: null, ifRange: '"v1"' }, resumable: true, ranged: true },
    onBytes() {},
  });
  const timer = setInterval(() => transfer.tick(performance.now()), 100);
  const first = await client.get(url, { signal, headers: { range: 'bytes=0-' } });
  assert.is(await settles(codeOf(transfer.run(first))), 'disk_full');
  clearInterval(timer);
  await file.close();
});

test.after(async () => {
  await client.close();
  server.closeAllConnections();
  server.close();
  await removeDirs();
});

test.run();
