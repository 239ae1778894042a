/**
 * Streams of byte ranges whose server answers each request, also one without a range, with a 200 that has the rest of the file:
 * what it says of a range and of the whole cannot both be true (RFC 9110, section 8.8.1; ADR 025).
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HLS } from './stream-kit.ts';
import { response, type WildRequest } from './origin.ts';
import { openWildKit } from './outcome.ts';

const kit = await openWildKit();
const { origin } = kit;

const FRAGMENT_BYTES = 188 * 200;
/** Packets of MPEG-TS with content that never repeats. */
const STREAM = Buffer.alloc(16 * FRAGMENT_BYTES);
for (let at = 0; at < STREAM.length; at += 4) STREAM.writeUInt32LE(Math.imul(at + 9, 2654435761) >>> 0, at);
for (let at = 0; at < STREAM.length; at += 188) STREAM.set([0x47, 0, 0x21, 0x10 | ((at / 188) & 15)], at);

const FRAMINGS = ['with its length', 'chunked', 'until close'] as const;
const VALIDATORS = { 'an ETag': 'ETag: "v1"\r\n', 'no validator': '' };

/** All of a body, in this framing. */
function sent(body: Buffer, framing: (typeof FRAMINGS)[number], validator: string): Buffer {
  const head = `HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n${validator}`;
  if (framing === 'with its length') return response(head.trimEnd(), body);
  if (framing === 'until close') return Buffer.concat([Buffer.from(`${head}\r\n`), body]);
  const size = Buffer.from(`${head}Transfer-Encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`);
  return Buffer.concat([size, body, Buffer.from('\r\n0\r\n\r\n')]);
}

const startOf = ({ headers }: WildRequest): number | null => {
  const start = /bytes=(\d+)-/.exec(headers.get('range') ?? '')?.[1];
  return start === undefined ? null : Number(start);
};

let streams = 0;

/** @param whole what a request without a range gets */
async function outcomeOf(
  order: readonly number[],
  framing: (typeof FRAMINGS)[number],
  validator: string,
  whole: Buffer,
): Promise<string> {
  const folder = `/rests-${++streams}`;
  origin.serve(`${folder}/stream.ts`, (request) =>
    sent(startOf(request) === null ? whole : STREAM.subarray(startOf(request) ?? 0), framing, validator),
  );
  const list = order.map(
    (index) => `#EXTINF:2,\n#EXT-X-BYTERANGE:${FRAGMENT_BYTES}@${index * FRAGMENT_BYTES}\nstream.ts\n`,
  );
  const text = `#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:2\n${list.join('')}#EXT-X-ENDLIST\n`;
  const { state, body } = await kit.download(origin.serve(`${folder}/list.m3u8`, response(HLS, text)));
  if (state !== 'complete') return state;
  const expected = order.map((index) =>
    STREAM.subarray(index * FRAGMENT_BYTES, (index + 1) * FRAGMENT_BYTES),
  );
  return body.equals(Buffer.concat(expected)) ? 'complete' : 'wrong';
}

for (const [what, order, framings] of [
  ['six fragments in a row', [5, 6, 7, 8, 9, 10], FRAMINGS],
  ['two fragments', [3, 9], ['with its length']],
] as const) {
  for (const framing of framings) {
    for (const [name, validator] of Object.entries(VALIDATORS)) {
      test(`${what} of a file that always comes as a rest, ${framing}, with ${name}, are not put together`, async () => {
        const whole = STREAM.subarray(order[0] * FRAGMENT_BYTES);
        assert.is(await outcomeOf(order, framing, validator, whole), 'remote_contradiction');
      });
      test(`${what} of a file of which only ranges come as rests, ${framing}, with ${name}, arrive`, async () => {
        assert.is(await outcomeOf(order, framing, validator, STREAM), 'complete');
      });
    }
  }
}

test('a server that ignores ranges is believed', async () => {
  const url = origin.serve('/plain.ts', response('Content-Type: video/mp2t', STREAM));
  const list = [4, 5, 6].map(
    (index) => `#EXTINF:2,\n#EXT-X-BYTERANGE:${FRAGMENT_BYTES}@${index * FRAGMENT_BYTES}\n${url}\n`,
  );
  const text = `#EXTM3U\n#EXT-X-TARGETDURATION:2\n${list.join('')}#EXT-X-ENDLIST\n`;
  const { state, body } = await kit.download(origin.serve('/plain.m3u8', response(HLS, text)));
  assert.equal(
    [state, body.equals(STREAM.subarray(4 * FRAGMENT_BYTES, 7 * FRAGMENT_BYTES))],
    ['complete', true],
  );
});

test.after(async () => {
  await kit.close();
});

test.run();
