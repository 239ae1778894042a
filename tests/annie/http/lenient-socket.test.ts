import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readLeniently } from '#lib/annie/http/client/lenient-socket.server.ts';
import { ChunkFraming } from '#lib/annie/http/client/chunk-framing.ts';
import { withoutUnusedFields } from '#lib/annie/http/client/long-head.ts';
import { growthOf, MOST, repeated } from '../../support/scaling.ts';

/** What the client reads of bytes that a server sent, after one write. */
function readOf(bytes: Buffer): Buffer | null {
  const socket = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  const limits = { firstByteMs: 60_000, stallMs: 60_000 };
  const lenient = readLeniently(socket.on('error', () => {}) as Socket, limits);
  lenient.write('x');
  socket.push(bytes);
  const received = lenient.read() as Buffer | null;
  socket.destroy();
  return received;
}

test('twice as many interim responses in one read take at most three times the CPU', () => {
  assert.is(
    readOf(Buffer.from('HTTP/1.1 102\n\nHTTP/1.1 200 OK\r\n\r\n'))?.toString(),
    'HTTP/1.1 200 OK\r\n\r\n',
  );
  const growth = growthOf((size) => {
    const bytes = Buffer.from(repeated('HTTP/1.1 102\n\n', size));
    return () => readOf(bytes);
  }, 16_000);
  assert.ok(growth <= MOST, `${growth.toFixed(1)} times`);
});

test('of a long head only the lines of fields that are used are kept, each of them at most 180 times', () => {
  const kept = (fields: string): string =>
    withoutUnusedFields(Buffer.from(`HTTP/1.1 200 OK\r\n${fields}\r\n`)).toString();
  assert.is(
    kept('X: y\r\n z\r\nETag : "a"\r\n b\r\nno field\r\nLOCATION:/a\r\n: z\r\n'),
    'HTTP/1.1 200 OK\r\nETag : "a"\r\n b\r\nLOCATION:/a\r\n\r\n',
  );
  assert.is(kept('Set-Cookie: a=b\r\n'.repeat(200)).match(/Set-Cookie/g)?.length, 180);
});

test('the framing of chunks is rewritten the same way, wherever the body is cut in two', () => {
  const body = Buffer.from('3 ; x=1\nabc\r\na\r\n\r\n34567890\n0\nTrailer: x\n\n');
  const strict = '3\r\nabc\r\na\r\n\r\n34567890\r\n0\r\n\r\n';
  for (let cut = 0; cut <= body.length; cut++) {
    const framing = new ChunkFraming();
    const parts = [body.subarray(0, cut), body.subarray(cut)].map((part) => framing.rewrite(part));
    assert.is(Buffer.concat(parts).toString(), strict, `cut at ${cut}`);
  }
});

test('twice the chunks, trailers and fields take at most three times the CPU', () => {
  for (const [unit, read] of [
    ['1 ;x\na\n', (bytes: Buffer) => new ChunkFraming().rewrite(bytes)],
    ['0\n\u0001:\n', (bytes: Buffer) => new ChunkFraming().rewrite(bytes)],
    ['X:\n', withoutUnusedFields],
    ['etag:\n ', withoutUnusedFields],
    ['set-cookie:\r\n', withoutUnusedFields],
  ] as const) {
    const growth = growthOf((size) => {
      const bytes = Buffer.from(repeated(unit, size));
      return () => read(bytes);
    }, 100_000);
    assert.ok(growth <= MOST, `${unit}: ${growth.toFixed(1)} times`);
  }
});

test.run();
