/** Playlists in other forms than RFC 8216 has: line ends, charsets, bytes behind the text, a master that leads to another. */
import { createCipheriv } from 'node:crypto';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HLS, it, openStreamKit, six, ts, whole } from './stream-kit.ts';
import { response } from './origin.ts';

const streams = await openStreamKit();
const { origin, stream, listed, base, master, assertWhole } = streams;
test.after(() => streams.close());

const FULL = `${six('#EXT-X-TARGETDURATION:1')}\n#EXT-X-ENDLIST\n`;
let lists = 0;
const served = (text: string, encode: (text: string) => Buffer, type = HLS): string => {
  stream(ts);
  return origin.serve(`/form${++lists}.m3u8`, response(type, encode(text.replaceAll('BASE', base()))));
};
const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le');

// ffmpeg's `ff_get_line` ends lines at each of them, and at a zero; hls.js takes `\r` too.
for (const [what, encode] of [
  ['ends its lines with CR', (text) => Buffer.from(text.replaceAll('\n', '\r'))],
  ['mixes line ends', (text) => Buffer.from(text.replace('\n', '\r\n').replace(/\n(?=#EXTINF:1,\nB)/, '\r'))],
  ['is UTF-16 with a mark', (text) => utf16(`\ufeff${text}`)],
  ['is UTF-16 with the other mark', (text) => utf16(`\ufeff${text}`).swap16()],
  ['is UTF-16 without one', (text) => utf16(text)],
  ['has zeros behind its end', (text) => Buffer.from(`${text}${'\0'.repeat(50)}`)],
  ['has no line end at its end', (text) => Buffer.from(text.trimEnd())],
] as [string, (text: string) => Buffer][]) {
  it(`a playlist that ${what} is read`, async () => {
    await assertWhole(served(FULL, encode));
    await assertWhole(served(FULL, encode, 'Content-Type: text/plain'));
  });
}

it('an ID3 tag before the packets of each fragment is left out', async () => {
  const tag = Buffer.from('ID3\x04\0\0\0\0\0\0', 'latin1');
  await assertWhole(stream(ts.map((piece) => Buffer.concat([tag, piece]))));
});

for (const [what, end] of [
  ['a line end', '\n'],
  ['CR LF', '\r\n'],
] as const) {
  it(`a key with ${what} behind it opens the stream`, async () => {
    const key = '0123456789abcdef';
    const pieces = ts.map((piece, number) => {
      const iv = Buffer.alloc(16);
      iv.writeBigInt64BE(BigInt(number), 8);
      const cipher = createCipheriv('aes-128-cbc', key, iv);
      return Buffer.concat([cipher.update(piece), cipher.final()]);
    });
    const uri = origin.serve(`/key${++lists}`, response('X: y', key + end));
    await assertWhole(listed(`${six(`#EXT-X-KEY:METHOD=AES-128,URI="${uri}"`)}\n#EXT-X-ENDLIST`, pieces));
  });
}

const HIGH = 'BANDWIDTH=2000000,RESOLUTION=640x360';
const LOW = 'BANDWIDTH=400000,RESOLUTION=320x180';

it('a variant that is a master itself is what that offers best', async () => {
  const inner = master([
    [LOW, stream(ts.slice(1))],
    [HIGH, stream(ts)],
  ]);
  const outer = master([
    [HIGH, inner],
    [LOW, stream(ts.slice(2))],
  ]);
  const items = await streams.list(outer);
  assert.equal(typeof items === 'string' ? items : items[0]?.streams.map(({ quality }) => quality), [
    '360p',
    '180p',
  ]);
  await assertWhole(outer);
  await assertWhole(master([[HIGH, inner]]));
});

it('a master that leads to itself, or on to a third, offers nothing', async () => {
  const path = `/circle${++lists}.m3u8`;
  const circle = origin.serve(path, response(HLS, `#EXTM3U\n#EXT-X-STREAM-INF:${HIGH}\n${path}`));
  assert.is((await streams.download(circle)).state, 'invalid_manifest');
  assert.is(origin.requestsFor(path).length <= 6, true);
  const third = master([[HIGH, master([[HIGH, master([[HIGH, stream(ts)]])]])]]);
  assert.is((await streams.download(third)).state, 'invalid_manifest');
});

it('the whole is what a playlist without a type is', async () => {
  const { state, body } = await streams.download(served(FULL, (text) => Buffer.from(text), 'X: y'));
  assert.is(state, 'complete');
  assert.ok(body.equals(whole));
});

test.run();
