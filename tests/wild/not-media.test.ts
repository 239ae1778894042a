/** HLS whose fragments are not what they are called: login pages, pictures in front, halves. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { freshDir } from '../annie/http/kit.ts';
import { it, LOGIN, openStreamKit, type Piece, replaced, ts, whole } from './stream-kit.ts';
import { response } from './origin.ts';

const streams = await openStreamKit();
const { origin, stream, base } = streams;
test.after(() => streams.close());

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);
const JPEG = Buffer.concat([
  Buffer.from('ffd8ffe000104a464946', 'hex'),
  Buffer.alloc(700, 0x47),
  Buffer.from('ffd9', 'hex'),
]);
const random = Buffer.from(Array.from({ length: 40_000 }, (_, i) => (i * i * 31 + (i >> 3) * 7) & 255));
const notMedia: [string, Piece][] = [
  ['a login page', LOGIN],
  ['a page behind a byte order mark and blanks', `\ufeff\n  <HTML><body>expired</body></HTML>`],
  ['an error in JSON', '{"error":"token expired"}'],
  ['an error in XML', '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'],
  ['an error in words', 'Gone away, come back later.'],
  ['another playlist', '#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST'],
  ['nothing', ''],
  ['a picture and nothing behind it', PNG],
  ['bytes of no kind', random],
  ['an archive', Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), random])],
];
for (const [what, piece] of notMedia) {
  for (const at of [0, 2]) {
    it(`${what} as fragment ${at} is not_media`, async () => {
      assert.is((await streams.download(stream(replaced(piece, at)))).state, 'not_media');
    });
  }
}

it('a first fragment of no kind does not stand in the way once its server sends the right one', async () => {
  const workDir = await freshDir();
  const url = stream(replaced(random, 0));
  assert.is((await streams.download(url, { workDir })).state, 'not_media');
  origin.serve(`${base()}/0.ts`, response('X: y', ts[0] ?? ''));
  const { state, body } = await streams.download(url, { workDir });
  assert.is(state, 'complete');
  assert.ok(body.equals(whole), `${body.length} bytes`);
});

for (const [what, junk] of [
  ['a PNG', PNG],
  ['a JPEG full of sync bytes', JPEG],
  ['a GIF', Buffer.from('GIF89a\x01\0\x01\0\0\0\0;', 'latin1')],
  ['a page', Buffer.from(LOGIN)],
  ['64 kB of zeros', Buffer.alloc(64 * 1024)],
] as const) {
  it(`MPEG-TS behind ${what} is stripped to its first packet`, async () => {
    const { state, body } = await streams.download(stream(ts.map((piece) => Buffer.concat([junk, piece]))));
    assert.is(state, 'complete');
    assert.ok(body.equals(whole), `${body.length} bytes`);
  });
}

it('a server that sends its fragment the second time is forgiven', async () => {
  const url = stream(ts);
  origin.serve(`${base()}/3.ts`, ({ count }) => response('X: y', count === 1 ? LOGIN : (ts[3] ?? '')));
  const { state, body } = await streams.download(url);
  assert.is(state, 'complete');
  assert.ok(body.equals(whole));
});

for (const [what, piece] of [
  ['half of it', (ts[2] ?? Buffer.alloc(0)).subarray(0, 188 * Math.floor((ts[2]?.length ?? 0) / 188 / 3))],
  ['the beginning of it', (ts[2] ?? Buffer.alloc(0)).subarray(0, 188 * 10)],
] as const) {
  it(`of a fragment only ${what}, in good order, is remote_contradiction`, async () => {
    assert.is((await streams.download(stream(replaced(piece)))).state, 'remote_contradiction');
  });
}

it('MPEG-TS behind a picture goes on after an interruption, and what is there is not fetched again', async () => {
  const url = stream(ts.map((piece) => Buffer.concat([PNG, piece])));
  const last = `${base()}/4.ts`;
  origin.serve(last, 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
  const first = await streams.download(url);
  assert.is(first.state, 'remote_not_found');
  origin.serve(last, response('X: y', Buffer.concat([PNG, ts[4] ?? Buffer.alloc(0)])));
  const { state, body } = await streams.download(url, { workDir: first.workDir });
  assert.is(state, 'complete');
  assert.ok(body.equals(whole));
  assert.is(origin.requestsFor(`${base()}/0.ts`).length, 1);
});

test.run();
