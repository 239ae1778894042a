import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { buffersIn } from '#lib/foreign/buffers.ts';
import { readAttributes } from '#lib/foreign/playlist/attributes.ts';
import { type Fragment, fragmentAt, secondsOf } from '#lib/foreign/playlist/fragments.ts';
import { parsePlaylist, readPlaylist } from '#lib/foreign/playlist/playlist.ts';
import type { Variant } from '#lib/foreign/playlist/variants.ts';
import { shortHash } from '#lib/protocol/short-hash.ts';
import { codeOf } from '../../support/thrown-code.ts';

const HERE = new URL('https://media.example/films/list.m3u8?token=1');

function fragments(...lines: string[]): Fragment[] {
  const playlist = parsePlaylist(['#EXTM3U', ...lines, '#EXT-X-ENDLIST'].join('\r\n'), HERE);
  if (playlist.kind !== 'media') return [];
  return Array.from({ length: playlist.fragments.count }, (_, i) => fragmentAt(playlist.fragments, i));
}

function variants(...lines: string[]): Variant[] {
  const playlist = parsePlaylist(['#EXTM3U', ...lines].join('\n'), HERE);
  return playlist.kind === 'master' ? playlist.variants : [];
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

test('a key applies to the fragments after it, and anything but AES-128 with an address is encrypted', () => {
  const iv = '0123456789abcdefABCDEF0123456789';
  const [clear, a, b, other, open] = fragments(
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
  assert.equal(b, a);
  assert.equal(other, { url: 'https://media.example/films/k2', iv: null });
  assert.is(open, null);
  for (const [key, code] of [
    ['METHOD=AES-128', 'encrypted'],
    ['METHOD=SAMPLE-AES,URI="k"', 'encrypted'],
    ['METHOD=SAMPLE-AES,URI="skd://k",KEYFORMAT="com.apple.streamingkeydelivery"', 'encrypted'],
    ['METHOD=AES-128,URI="k",IV=0xhello', 'invalid_manifest'],
    [`METHOD=AES-128,URI="k",IV=0x${iv}00`, 'invalid_manifest'],
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

test('fragments take 40 bytes each and the text of their addresses, whatever their base is', () => {
  const base = new URL(`https://media.example/${'d'.repeat(1000)}/list.m3u8`);
  const lines = Array.from({ length: 20_000 }, (_, i) => `#EXT-X-BYTERANGE:9@${i}\n#EXTINF:1,\na${i}`);
  const key = '#EXT-X-KEY:METHOD=AES-128,URI="k"\n';
  const playlist = parsePlaylist(`#EXTM3U\n${lines.map((line) => key + line).join('\n')}\n`, base);
  assert.ok(playlist.kind === 'media');
  const { count, addresses, keys } = playlist.fragments;
  const bytes = buffersIn(playlist).reduce((sum, { byteLength }) => sum + byteLength, 0);
  assert.is(count, 20_000);
  assert.is(
    addresses.bytes.length,
    lines.reduce((sum, line) => sum + line.length - line.lastIndexOf('a'), 0),
  );
  assert.is(keys.ends.length, 1);
  assert.is(bytes, 40 * count + addresses.bytes.length + ' k'.length + 4);
  assert.is(fragmentAt(playlist.fragments, 19_999).url, new URL('a19999', base).href);
});

test('variables that make long addresses of short lines are too_complex', () => {
  const text = (lines: number): string =>
    `#EXTM3U\n#EXT-X-DEFINE:NAME="a",VALUE="${'x'.repeat(8000)}"\n${'#EXTINF:1,\n{$a}\n'.repeat(lines)}`;
  assert.is(
    codeOf(() => parsePlaylist(text(2_000), HERE)),
    'no error',
  );
  assert.is(
    codeOf(() => parsePlaylist(text(2_200), HERE)),
    'too_complex',
  );
});

test('lengths, byte ranges and shared files identify a playlist, addresses do not', () => {
  const read = (...lines: string[]): string => {
    const playlist = parsePlaylist(['#EXTM3U', ...lines].join('\n'), HERE);
    return playlist.kind === 'media' ? playlist.fragments.fingerprint : '';
  };
  const once = read('#EXTINF:1,', 'a.ts', '#EXTINF:2,', '#EXT-X-BYTERANGE:10@5', 'b.ts');
  assert.is(once, `2 ${shortHash('[[1,null,true],[2,[5,15,1],true]]')}`);
  assert.is(read('#EXTINF:1,', 'x.ts?token', '#EXTINF:2,', '#EXT-X-BYTERANGE:10@5', 'y.ts'), once);
  assert.is.not(read('#EXTINF:1,', 'a.ts', '#EXTINF:2,', '#EXT-X-BYTERANGE:10@6', 'b.ts'), once);
  assert.is.not(read('#EXTINF:1,', 'a.ts', '#EXTINF:3,', '#EXT-X-BYTERANGE:10@5', 'b.ts'), once);
  assert.is.not(read('#EXTINF:1,', 'b.ts', '#EXTINF:2,', '#EXT-X-BYTERANGE:10@5', 'b.ts'), once, 'one file');
});

test('the length of the first fragments is their sum', () => {
  const playlist = parsePlaylist('#EXTM3U\n#EXTINF:1,\na\n#EXTINF:2.5,\nb\n#EXTINF:4,\nc', HERE);
  assert.ok(playlist.kind === 'media');
  assert.equal(
    [0, 1, 2, 3].map((count) => secondsOf(playlist.fragments, count)),
    [0, 1, 3.5, 7.5],
  );
  assert.is(playlist.fragments.totalSeconds, 7.5);
});

test('bytes may be chunked anywhere, also within a character', () => {
  const bytes = new TextEncoder().encode('#EXTM3U\n#EXTINF:1,\n\u00e9\u4e00.ts\n#EXT-X-ENDLIST');
  const chunks = Array.from(bytes, (_, i) => bytes.slice(i, i + 1));
  assert.equal(readPlaylist({ chunks, url: HERE.href }), readPlaylist({ chunks: [bytes], url: HERE.href }));
});

test.run();
