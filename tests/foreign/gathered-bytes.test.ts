import * as fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { GatheredBytes } from '#lib/foreign/gathered-bytes.ts';
import { HeadBytes } from '#lib/annie/http/client/head-bytes.ts';

const bytes = fc.uint8Array({ maxLength: 60_000 });

test('gathered bytes are returned unchanged, in blocks that can be transferred', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 8 }), (chunks) => {
      const gathered = new GatheredBytes();
      for (const chunk of chunks) {
        const copy = chunk.slice();
        gathered.add(copy);
        copy.fill(7);
      }
      const all = Buffer.concat(chunks);
      assert.is(gathered.length, all.length);
      assert.equal(Buffer.from(gathered.firstBytes(100)), all.subarray(0, 100));
      const blocks = gathered.take();
      assert.ok(Buffer.concat(blocks).equals(all));
      const buffers = new Set(blocks.map(({ buffer }) => buffer as ArrayBuffer));
      assert.is(buffers.size, blocks.length);
      structuredClone(blocks, { transfer: [...buffers] });
      assert.is(gathered.length, 0);
    }),
    { numRuns: 50 },
  );
});

test('a head ends at its empty line, however it is chunked, and what follows is kept', () => {
  const answer = 'HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody\r\n\r\n';
  fc.assert(
    fc.property(fc.array(fc.nat(answer.length), { maxLength: 6 }), (cuts) => {
      const places = [0, ...cuts.sort((a, b) => a - b), answer.length];
      const head = new HeadBytes();
      const states = places.slice(1).map((end, i) => head.add(Buffer.from(answer.slice(places[i], end))));
      assert.is(states.at(-1), 'whole');
      const isWhole = places.slice(1).map((end) => end >= answer.indexOf('body'));
      assert.equal(
        states.map((state) => state === 'whole'),
        isWhole,
      );
      assert.equal(head.split(), { head: 'HTTP/1.1 200 OK\r\nA: b', rest: Buffer.from('body\r\n\r\n') });
    }),
  );
  const long = new HeadBytes();
  assert.is(long.add(Buffer.alloc(16 * 1024, 'x')), 'not yet');
  assert.is(long.add(Buffer.from('x')), 'too long');
});

test.run();
