import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readAttributes } from '#lib/foreign/playlist/attributes.ts';
import { type Fragment, parsePlaylist, readPlaylist } from '#lib/foreign/playlist/playlist.ts';
import type { Variant } from '#lib/foreign/playlist/variants.ts';
import { SluiceError } from '#lib/protocol/error.ts';

const HERE = new URL('https://media.example/films/list.m3u8?token=1');

function fragments(...lines: string[]): Fragment[] {
  const playlist = parsePlaylist(['#EXTM3U', ...lines, '#EXT-X-ENDLIST'].join('\r\n'), HERE);
  return playlist.kind === 'media' ? playlist.fragments : [];
}

function variants(...lines: string[]): Variant[] {
  const playlist = parsePlaylist(['#EXTM3U', ...lines].join('\n'), HERE);
  return playlist.kind === 'master' ? playlist.variants : [];
}

function codeOf(body: () => unknown): string {
  try {
    body();
  } catch (thrown) {
    return thrown instanceof SluiceError ? thrown.code : String(thrown);
  }
  return 'no error';
}

test('fragments have their addresses, durations and sequence numbers', () => {
  assert.equal(
    fragments(
      '#EXT-X-MEDIA-SEQUENCE:7',
      '#EXT-X-TARGETDURATION:6',
      '#EXTINF:2.5,title, and more',
      'a.ts',
      '',
      '# word',
      '/b.ts',
      '#EXTINF:x',
      'https://cdn.example/c.ts',
    ),
    [
      { url: 'https://media.example/films/a.ts', range: null, key: null, sequence: 7, durationSeconds: 2.5 },
      { url: 'https://media.example/b.ts', range: null, key: null, sequence: 8, durationSeconds: 6 },
      { url: 'https://cdn.example/c.ts', range: null, key: null, sequence: 9, durationSeconds: 6 },
    ],
  );
});

test('a playlist without an end is live, one without fragments or a first line is invalid', () => {
  const live = parsePlaylist('\ufeff #EXTM3U\n#EXTINF:1,\na.ts', HERE);
  assert.ok(live.kind === 'media' && live.live);
  for (const text of ['', 'a.ts', '#EXTINF:1,\na.ts', '#EXTM3U\na.ts', '#EXTM3U\n#EXTINF:1,\n']) {
    assert.is(
      codeOf(() => parsePlaylist(text, HERE)),
      'invalid_manifest',
      text,
    );
  }
});

test('a byte range without an offset follows the one before it', () => {
  const ranges = fragments(
    ...['#EXTINF:1,', '#EXT-X-BYTERANGE:100@50', 'a.ts', '#EXTINF:1,', '#EXT-X-BYTERANGE:10', 'a.ts'],
    ...['#EXTINF:1,', 'b.ts', '#EXTINF:1,', '#EXT-X-BYTERANGE:5', 'a.ts'],
  ).map(({ range }) => range);
  assert.equal(ranges, [{ start: 50, end: 150 }, { start: 150, end: 160 }, null, { start: 160, end: 165 }]);
  for (const range of ['', '@5', '0@5', 'x', '9007199254740993@0', '1@9007199254740993']) {
    const code = codeOf(() => fragments('#EXTINF:1,', `#EXT-X-BYTERANGE:${range}`, 'a.ts'));
    assert.is(code, 'invalid_manifest', range);
  }
});

test('an initialisation part comes once before the fragments that need it, with the key in effect', () => {
  const map = '#EXT-X-MAP:URI="init.mp4",BYTERANGE="10@0"';
  const key = '#EXT-X-KEY:METHOD=AES-128,URI="k"';
  const read = fragments(
    map,
    '#EXTINF:1,',
    'a.m4s',
    key,
    map,
    '#EXTINF:1,',
    'b.m4s',
    '#EXT-X-MAP:URI="two.mp4"',
    '#EXTINF:1,',
    'c.m4s',
  );
  assert.equal(
    read.map(({ url, range, key: under, durationSeconds }) => [
      url.slice(HERE.href.lastIndexOf('/') + 1),
      range,
      under !== null,
      durationSeconds,
    ]),
    [
      ['init.mp4', { start: 0, end: 10 }, false, 0],
      ['a.m4s', null, false, 1],
      ['b.m4s', null, true, 1],
      ['two.mp4', null, true, 0],
      ['c.m4s', null, true, 1],
    ],
  );
});

test('fragments share their keys, and anything but AES-128 with an address is encrypted', () => {
  const iv = '0123456789abcdefABCDEF0123456789';
  const [clear, a, b, other] = fragments(
    ...[
      '#EXTINF:1,',
      'a.ts',
      `#EXT-X-KEY:METHOD=AES-128,URI="k",IV=0x${iv}`,
      '#EXTINF:1,',
      'b.ts',
      '#EXTINF:1,',
      'c.ts',
    ],
    ...['#EXT-X-KEY:URI=k2', '#EXTINF:1,', 'd.ts', '#EXT-X-KEY:METHOD=NONE', '#EXTINF:1,', 'e.ts'],
  ).map(({ key }) => key);
  assert.is(clear, null);
  assert.equal(a, { url: 'https://media.example/films/k', iv });
  assert.is(a, b);
  assert.equal(other, { url: 'https://media.example/films/k2', iv: null });
  for (const [key, code] of [
    ['METHOD=AES-128', 'encrypted'],
    ['METHOD=SAMPLE-AES,URI="k"', 'encrypted'],
    ['METHOD=SAMPLE-AES,URI="skd://k",KEYFORMAT="com.apple.streamingkeydelivery"', 'encrypted'],
    ['METHOD=AES-128,URI="k",IV=0x1', 'invalid_manifest'],
    [`METHOD=AES-128,URI="k",IV=0x${iv}00`, 'invalid_manifest'],
    [`METHOD=AES-128,URI="k",IV=${iv}`, 'invalid_manifest'],
  ] as const) {
    assert.is(
      codeOf(() => fragments(`#EXT-X-KEY:${key}`, '#EXTINF:1,', 'a.ts')),
      code,
      key,
    );
  }
});

test('variables are replaced by earlier definitions', () => {
  const read = fragments(
    '#EXT-X-DEFINE:NAME="cdn",VALUE="https://cdn.example"',
    '#EXTINF:1,',
    '{$cdn}/a.ts?{$none}',
    '#EXT-X-KEY:METHOD=AES-128,URI="{$cdn}/k"',
    '#EXTINF:1,',
    '{$cdn}/{$cdn}',
  );
  assert.equal(
    read.map(({ url, key }) => [url, key?.url]),
    [
      ['https://cdn.example/a.ts?{$none}', undefined],
      ['https://cdn.example/https://cdn.example', 'https://cdn.example/k'],
    ],
  );
});

test('of the audio renditions of a group the default one is used, else one with AUTOSELECT, else the first', () => {
  const media = (name: string, more: string): string =>
    `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="${name}",URI="${name}"${more}`;
  const soundOf = (...medias: string[]): string | null | undefined =>
    variants(...medias, '#EXT-X-STREAM-INF:AUDIO="g"', 'v.m3u8')[0]
      ?.audioUrl?.split('/')
      .at(-1);
  assert.is(soundOf(media('a', ''), media('b', ',AUTOSELECT=YES'), media('c', ',DEFAULT=YES')), 'c');
  assert.is(soundOf(media('a', ',AUTOSELECT=NO'), media('b', ',AUTOSELECT=YES')), 'b');
  assert.is(soundOf(media('a', ''), media('b', '')), 'a');
  assert.is(soundOf('#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="inside"'), undefined);
});

test('attributes are read whatever is around them', () => {
  const read = (list: string): object => Object.fromEntries(readAttributes(list));
  assert.equal(read('A=1,B="x,=y", C = z ,A=2'), { A: '1', B: 'x,=y', C: 'z' });
  assert.equal(read("A='q',B=\"open,C=1"), { A: 'q', B: '"open', C: '1' });
  assert.equal(read(',word,A=1,'), { A: '1' });
  assert.equal(read(''), {});
});

test('too many fragments are too_complex, and of many qualities the best 500 are listed', () => {
  const long = new URL(`https://media.example/${'x'.repeat(8000)}/list.m3u8`);
  const many = `#EXTM3U\n${'#EXTINF:1,\na\n'.repeat(20_000)}#EXT-X-ENDLIST`;
  assert.is(
    codeOf(() => parsePlaylist(many, HERE)),
    'no error',
  );
  assert.is(
    codeOf(() => parsePlaylist(many, long)),
    'too_complex',
  );
  assert.is(
    codeOf(() => parsePlaylist(`#EXTM3U\n${'#EXTINF:1,\na\n'.repeat(100_001)}`, HERE)),
    'too_complex',
  );
  const rates = Array.from({ length: 600 }, (_, i) => `#EXT-X-STREAM-INF:BANDWIDTH=${i}000\n${i}.m3u8`);
  const offered = variants(...rates);
  assert.is(offered.length, 500);
  assert.is(offered[0]?.id, 'v-599000');
});

test('bytes may be chunked anywhere, also within a character', () => {
  const bytes = new TextEncoder().encode('#EXTM3U\n#EXTINF:1,\n\u00e9\u4e00.ts\n#EXT-X-ENDLIST');
  const chunks = Array.from(bytes, (_, i) => bytes.slice(i, i + 1));
  assert.equal(readPlaylist({ chunks, url: HERE.href }), readPlaylist({ chunks: [bytes], url: HERE.href }));
});

test.run();
