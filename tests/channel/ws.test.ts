import type { WebSocket } from 'ws';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_UNSENT_BYTES, toWireSocket } from '#lib/channel/ws.server.ts';
import { CLOSE } from '#lib/protocol/channel.ts';

/** A socket with this many unsent bytes, and the calls made to it. */
function socketWith(bufferedAmount: number) {
  const done: unknown[] = [];
  const ws = {
    OPEN: 1,
    CLOSED: 3,
    readyState: 1,
    bufferedAmount,
    send: (text: string) => done.push(text),
    close: (code: number) => done.push(code),
    once: () => undefined,
    terminate: () => undefined,
  };
  return { wire: toWireSocket(ws as unknown as WebSocket), done };
}

test('a client that reads is sent its messages', () => {
  const { wire, done } = socketWith(MAX_UNSENT_BYTES);
  wire.send('hello');
  assert.equal(done, ['hello']);
});

test('a client that does not read is closed as too slow, before its backlog fills memory', () => {
  const { wire, done } = socketWith(MAX_UNSENT_BYTES + 1);
  wire.send('hello');
  assert.equal(done, [CLOSE.tooSlow]);
});

test.run();
