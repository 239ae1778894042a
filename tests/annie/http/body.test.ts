/** Bodies that do not match their heads. */
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpClient } from '#lib/annie/http/client/client.server.ts';
import { downloadFile, type FileOptions } from '#lib/annie/http/file/download.server.ts';
import { contentPieces, sha256Of } from '../../site/content.ts';
import { settles } from '../../support/wait.ts';
import { codeOf, freshDir, hashOf, jobFor, openGuard, removeDirs } from './kit.ts';

const SIZE = 300_000;
const content = Buffer.concat([...contentPieces(3, 0, SIZE)]);
let answer: RequestListener = () => {};
let requests = 0;
const server = createServer((request, response) => {
  requests++;
  response.setHeader('content-type', 'application/octet-stream');
  answer(request, response);
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.bin`;
const guard = openGuard();
const client = new HttpClient({ guard, stallMs: 10_000, headTimeoutMs: 10_000 });
const options: FileOptions = { client, guard, maxConnections: 4, stallMs: 10_000, syncAtEnd: false };

test.before.each(() => {
  requests = 0;
});
test.after(async () => {
  await client.close();
  server.close();
  await removeDirs();
});

const fetchIt = async () => downloadFile(jobFor(url, await freshDir()), options);

for (const [coding, encode] of [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
] as const) {
  test(`a body that is not valid ${coding} as its head says is remote_status, and is not requested again`, async () => {
    answer = (_, response) => response.setHeader('content-encoding', coding).end('plain bytes, and no more');
    assert.is(await settles(codeOf(fetchIt())), 'remote_status');
    assert.is(requests, 1);
  });
  test(`a truncated ${coding} body is size_mismatch`, async () => {
    const coded = encode(content);
    answer = (_, response) =>
      response.setHeader('content-encoding', coding).end(coded.subarray(0, coded.length / 2));
    assert.is(await settles(codeOf(fetchIt())), 'size_mismatch');
  });
}

test('a body of more codings than anybody uses is remote_status, and none is decoded', async () => {
  let coded: Buffer = content;
  for (let i = 0; i < 6; i++) coded = gzipSync(coded);
  answer = (_, response) => response.setHeader('content-encoding', 'gzip, '.repeat(6)).end(coded);
  assert.is(await settles(codeOf(fetchIt())), 'remote_status');
});

test('a server that sends whole files only without a range, and has no validators, is asked without one', async () => {
  answer = ({ headers }, response) => {
    if (headers.range === undefined) response.setHeader('content-length', SIZE).end(content);
    else {
      response.writeHead(206, { 'content-range': `bytes 0-49999/${SIZE}`, 'content-length': 50_000 });
      response.end(content.subarray(0, 50_000));
    }
  };
  const { path, bytes } = await settles(fetchIt());
  assert.is(bytes, SIZE);
  assert.is(await hashOf(path), sha256Of(3, SIZE));
  assert.is(requests, 2);
});

test.run();
