/** HLS with tags that are half known, data addresses, content codings, and of great length. */
import { createCipheriv } from 'node:crypto';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { shouldTryNext } from '#lib/annie/registry.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { HLS, it, mediaFile, openStreamKit, six, ts } from './stream-kit.ts';
import { response } from './origin.ts';

const streams = await openStreamKit();
const { origin, stream, listed, base, assertWhole } = streams;
test.after(() => streams.close());

it('a VOD without its end is no live stream, and a list of another type is', async () => {
  await assertWhole(listed(six('#EXT-X-PLAYLIST-TYPE:VOD')));
  for (const tag of ['', '#EXT-X-PLAYLIST-TYPE:EVENT'])
    assert.is((await streams.download(listed(six(tag)))).state, 'live_stream');
});

it('several variables in one EXT-X-DEFINE are each defined, and QUERYPARAM is of the query', async () => {
  const list = (tag: string): string =>
    [
      ...['#EXTM3U', tag],
      ...ts.map((_, index) => `#EXTINF:1,\n{$dir}/${index}{$ext}`),
      '#EXT-X-ENDLIST',
    ].join('\n');
  await assertWhole(listed(list('#EXT-X-DEFINE:NAME="dir",VALUE="BASE",NAME="ext",VALUE=".ts"')));
  await assertWhole(
    listed(list('#EXT-X-DEFINE:NAME="dir",VALUE="BASE"\n#EXT-X-DEFINE:QUERYPARAM="ext"')) + '?ext=.ts',
  );
});

it('a gap is not loaded and said, and the rest is loaded', async () => {
  const gap = '#EXT-X-GAP\n#EXTINF:1,\nBASE/gone.ts';
  const url = listed(`${six().replace('#EXTINF:1,\nBASE/2.ts', gap)}\n#EXT-X-ENDLIST`);
  const infos: unknown[] = [];
  const { state, body } = await streams.download(url, { onInfo: (info) => void infos.push(info.gapSeconds) });
  assert.is(state, 'complete');
  assert.ok(body.equals(Buffer.concat(ts.filter((_, index) => index !== 2))));
  assert.equal(infos, [1]);
  assert.is(origin.requestsFor(`${base()}/gone.ts`).length, 0);
});

const key = Buffer.from('0123456789abcdef');
/** @param number the initialisation vector */
function encrypted(piece: Buffer, number: number): Buffer {
  const iv = Buffer.alloc(16);
  iv.writeBigInt64BE(BigInt(number), 8);
  const cipher = createCipheriv('aes-128-cbc', key, iv);
  return Buffer.concat([cipher.update(piece), cipher.final()]);
}

for (const [what, address] of [
  ['in base64', `data:application/octet-stream;base64,${key.toString('base64')}`],
  ['in plain', 'data:,0123456789%61bcdef'],
] as const) {
  it(`a data: key ${what} opens the stream`, async () => {
    await assertWhole(
      listed(six(`#EXT-X-KEY:METHOD=AES-128,URI="${address}"`) + '\n#EXT-X-ENDLIST', ts.map(encrypted)),
    );
  });
}

for (const [what, keys] of [
  ['has one digit', ['METHOD=AES-128,URI="KEY",IV=0x7']],
  ['has no 0x', [`METHOD=AES-128,URI="KEY",IV=${'7'.padStart(32, '0')}`]],
  [
    'is beside those of other systems',
    [
      'METHOD=AES-128,URI="KEY",IV=0x07',
      'METHOD=AES-128,URI="data:,x",KEYFORMAT="com.microsoft.playready",KEYFORMATVERSIONS="1"',
      'METHOD=SAMPLE-AES,URI="skd://x",KEYFORMAT="com.example.keys"',
    ],
  ],
] as const) {
  it(`an initialisation vector that ${what} is used`, async () => {
    const tags = keys.map((each) => `#EXT-X-KEY:${each.replace('"KEY"', '"data:,0123456789%61bcdef"')}`);
    const text = six(tags.join('\n')) + '\n#EXT-X-ENDLIST';
    await assertWhole(
      listed(
        text,
        ts.map((piece) => encrypted(piece, 7)),
      ),
    );
  });
}

/** An address has at most 8 kB. */
const short = ts.map((piece) => piece.subarray(0, 20 * 188));
/** Those before `from` are in the playlist itself. */
const inPlaylist = (from: number, pieces: readonly Buffer[], before = ''): string => {
  const address = (piece: Buffer, index: number): string =>
    index < from ? `data:video/mp2t;base64,${piece.toString('base64')}` : `BASE/${index}.ts`;
  const lines = pieces.map((piece, index) => `#EXTINF:1,\n${address(piece, index)}`);
  return ['#EXTM3U', before, ...lines, '#EXT-X-ENDLIST'].join('\n');
};
const KEY_TAG = `#EXT-X-KEY:METHOD=AES-128,URI="data:;base64,${key.toString('base64')}"`;

it('data: fragments are used, and those that their key does not open are encrypted', async () => {
  await assertWhole(listed(inPlaylist(6, short)), Buffer.concat(short));
  await assertWhole(listed(inPlaylist(6, short.map(encrypted), KEY_TAG)), Buffer.concat(short));
  for (const piece of [ts[0]?.subarray(0, 188), ts[0]?.subarray(0, 1600), Buffer.alloc(5)]) {
    const { state, message } = await streams.download(
      listed(inPlaylist(1, [piece ?? Buffer.alloc(0)], KEY_TAG)),
    );
    assert.is(state, 'encrypted', message);
  }
});

it('a stream that ends with a data: fragment so far goes on after it, if it is still that', async () => {
  for (const [before, pieces] of [
    ['', short],
    [KEY_TAG, short.map(encrypted)],
  ] as const) {
    const list = listed(inPlaylist(3, pieces, before), pieces);
    const gone = `${base()}/3.ts`;
    origin.serve(gone, 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
    const { state, workDir } = await streams.download(list);
    assert.is(state, 'remote_not_found');
    origin.serve(gone, response('Content-Type: video/mp2t', pieces[3] ?? ''));
    const again = await streams.download(list, { workDir });
    assert.is(again.state, 'complete', again.message);
    assert.ok(again.body.equals(Buffer.concat(short)));
  }
});

it('a playlist behind blank lines is one, whatever its server calls it', async () => {
  stream(ts);
  const text = `\n\n${six().replaceAll('BASE', base())}\n#EXT-X-ENDLIST`;
  for (const type of ['video/mp4', 'application/octet-stream'])
    await assertWhole(origin.serve('/blank-lines.bin', response(`Content-Type: ${type}`, text)));
});

it('a data: initialisation part is used', async () => {
  const [init, ...media] = await Promise.all(
    ['init.mp4', 'index0.m4s', 'index1.m4s'].map((name) => mediaFile(`fmp4/${name}`)),
  );
  const map = `#EXT-X-MAP:URI="data:video/mp4;base64,${init?.toString('base64')}"`;
  const text = ['#EXTM3U', map, '#EXTINF:1,\nBASE/0.ts', '#EXTINF:1,\nBASE/1.ts', '#EXT-X-ENDLIST'].join(
    '\n',
  );
  await assertWhole(listed(text, media), Buffer.concat([init ?? Buffer.alloc(0), ...media]));
});

for (const [coding, encode] of [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
] as const) {
  it(`playlist, key and fragments in ${coding} are decoded`, async () => {
    const head = `\r\nContent-Encoding: ${coding}`;
    const list = stream(
      ts.map((piece, index) => encode(encrypted(piece, index))),
      head,
    );
    origin.serve(`${base()}/key`, response(`X: y${head}`, encode(key)));
    const text =
      six(`#EXT-X-KEY:METHOD=AES-128,URI="BASE/key"`).replaceAll('BASE', base()) + '\n#EXT-X-ENDLIST';
    origin.serve(`${base()}/list.m3u8`, response(HLS + head, encode(Buffer.from(text))));
    await assertWhole(list);
  });
}

it('a coded fragment that has no end of zeros is refused', async () => {
  const bomb = gzipSync(Buffer.concat([ts[0] ?? Buffer.alloc(0), Buffer.alloc(200 * 1024 * 1024)]), {
    level: 1,
  });
  assert.is((await streams.download(stream([bomb], '\r\nContent-Encoding: gzip'))).state, 'too_complex');
});

it('a list of ten hours with signed addresses is read, and a list or page past the limit lets the next engine try', async () => {
  const line = (index: number): string => `#EXTINF:2,\nBASE/0.ts?n=${index}&signature=${'a'.repeat(280)}`;
  const text = [
    '#EXTM3U',
    ...Array.from({ length: 18_000 }, (_, index) => line(index)),
    '#EXT-X-ENDLIST',
  ].join('\n');
  assert.ok(text.length > 5.4e6);
  assert.equal((await streams.list(listed(text))).length, 1);
  assert.is(await streams.list(listed(`#EXTM3U\n${'#'.repeat(17 * 1024 * 1024)}`)), 'too_complex');
  const page = `<!doctype html><script>${'x'.repeat(5 * 1024 * 1024)}</script><video src="/a.mp4">`;
  const url = origin.serve('/page', response('Content-Type: text/html', page));
  for (const state of [await streams.list(url), (await streams.download(url)).state])
    assert.is(state, 'too_complex');
  assert.ok(shouldTryNext(new SluiceError('too_complex')));
});

test.run();
