import type { WebSocket } from 'ws';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { MAX_UNSENT_BYTES, toWireSocket } from '#lib/channel/ws.server.ts';
import { CLOSE } from '#lib/protocol/channel.ts';

/** A socket with so much unsent, and what was done to it. */
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

test('who reads is sent what is for him', () => {
  const { wire, done } = socketWith(MAX_UNSENT_BYTES);
  wire.send('hello');
  assert.equal(done, ['hello']);
});

test('who does not read is closed as too slow, before his backlog eats our memory', () => {
  const { wire, done } = socketWith(MAX_UNSENT_BYTES + 1);
  wire.send('hello');
  assert.equal(done, [CLOSE.tooSlow]);
});

test.run();
