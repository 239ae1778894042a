import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readLeniently } from '#lib/annie/http/lenient-socket.server.ts';
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

test.run();
