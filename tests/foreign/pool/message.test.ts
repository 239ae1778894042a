import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { encodeMessage, IncomingMessage } from '#lib/foreign/pool/message.server.ts';

function received(parts: readonly Uint8Array[], pieceBytes: number, maxBytes = Infinity): unknown {
  const message = new IncomingMessage(maxBytes);
  const all = Buffer.concat(parts);
  let at = 0;
  while (message.space.length > 0) {
    const piece = all.subarray(at, at + Math.min(pieceBytes, message.space.length));
    assert.ok(piece.length > 0, 'it waits for more than there is');
    message.space.set(piece);
    message.filled(piece.length);
    at += piece.length;
  }
  assert.is(at, all.length);
  return message.value();
}

const VALUE = {
  text: 'é😀',
  nothing: undefined,
  none: null,
  number: NaN,
  bytes: [Uint8Array.of(1, 2, 3), new Uint8Array()],
  columns: { seconds: Float64Array.of(1.5, -0), ends: Uint32Array.of(7), keys: Int32Array.of(-1) },
};

test('a message arrives as it was, in pieces of any length', () => {
  for (const pieceBytes of [1, 7, 1_000]) assert.equal(received(encodeMessage(VALUE), pieceBytes), VALUE);
  assert.is(received(encodeMessage(null), 3), null);
});

test('taken bytes are gone where they were, also those of one buffer, but not what is in a pool of Node', () => {
  const whole = Uint8Array.of(1, 2, 3, 4);
  const [left, right, pooled] = [whole.subarray(0, 2), whole.subarray(2), Buffer.from('abc')];
  const parts = encodeMessage([left, right, pooled], true);
  assert.equal([left.length, right.length, pooled.toString()], [0, 0, 'abc']);
  assert.equal(received(parts, 5), [
    Uint8Array.of(1, 2),
    Uint8Array.of(3, 4),
    new Uint8Array(Buffer.from('abc')),
  ]);
});

test('a message that is too long, has too many parts or is damaged is refused', () => {
  const parts = encodeMessage([new Uint8Array(1_000)]);
  assert.throws(() => received(parts, 100, 1_000), /too long/);
  assert.throws(() => received([new Uint8Array(Uint32Array.of(4, 100_001).buffer)], 8), /too many parts/);
  // A backslash is V8's tag of an object of the embedder's: here the kind of the array and its place follow it.
  const data = parts[1] as Uint8Array;
  data[data.indexOf(0x5c) + 2] = 9;
  assert.throws(() => received(parts, 100), /damaged/);
});

test('an array of another kind is refused where it is sent', () => {
  assert.throws(() => encodeMessage([Uint16Array.of(1)]), /no such array/);
});

test.run();
