/** Keys of HLS, their initialisation vectors, and discontinuities. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Fragment, fragmentAt } from '#lib/foreign/playlist/fragments.ts';
import { parsePlaylist } from '#lib/foreign/playlist/playlist.ts';
import { codeOf } from '../../support/thrown-code.ts';

const HERE = new URL('https://media.example/films/list.m3u8');

function fragments(...lines: string[]): Fragment[] {
  const playlist = parsePlaylist(['#EXTM3U', ...lines, '#EXT-X-ENDLIST'].join('\n'), HERE);
  if (playlist.kind !== 'media') return [];
  return Array.from({ length: playlist.fragments.count }, (_, i) => fragmentAt(playlist.fragments, i));
}

test('an initialisation vector is a number in hexadecimal, of up to 128 bits', () => {
  const iv = '0123456789abcdefABCDEF0123456789';
  for (const [text, expected] of [
    ['0x1', '1'.padStart(32, '0')],
    ['0X01', '1'.padStart(32, '0')],
    ['0x0123456789abcdef', '0123456789abcdef'.padStart(32, '0')],
    [`0x0000${iv}`, `0${iv.slice(1)}`],
    [iv, iv],
    ['0x0', '0'.repeat(32)],
    ['', null],
  ] as const) {
    const [fragment] = fragments(`#EXT-X-KEY:METHOD=AES-128,URI="k",IV=${text}`, '#EXTINF:1,', 'a.ts');
    assert.is(fragment?.key?.iv, expected, text);
  }
});

test('of keys in several formats the plain one is used, and without one the fragments are encrypted', () => {
  const plain = '#EXT-X-KEY:METHOD=AES-128,URI="k",KEYFORMAT="identity"';
  const others = [
    'METHOD=SAMPLE-AES,URI="skd://k",KEYFORMAT="com.apple.streamingkeydelivery"',
    'METHOD=AES-128,URI="data:x",KEYFORMAT="com.microsoft.playready"',
    'METHOD=SAMPLE-AES-CTR,URI="data:x",KEYFORMAT="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed"',
    'METHOD=AES-128,URI="skd://k",KEYFORMAT="com.example.keys"',
  ].map((key) => `#EXT-X-KEY:${key}`);
  for (const other of others) {
    for (const keys of [
      [plain, other],
      [other, plain],
    ])
      assert.is(fragments(...keys, '#EXTINF:1,', 'a.ts')[0]?.key?.url, 'https://media.example/films/k');
    assert.is(
      codeOf(() => fragments(other, '#EXTINF:1,', 'a.ts')),
      'encrypted',
    );
    const open = fragments(plain, other, '#EXT-X-KEY:METHOD=NONE', '#EXTINF:1,', 'a.ts');
    assert.is(open[0]?.key, null);
  }
  const unknown = '#EXT-X-KEY:METHOD=AES-128,URI="k",KEYFORMAT="com.example.keys"';
  assert.is(fragments(unknown, '#EXTINF:1,', 'a.ts')[0]?.key?.url, 'https://media.example/films/k');
});

test('a discontinuity is of the fragment after it, as is a gap', () => {
  const all = fragments(
    ...['#EXTINF:1,', 'a.ts', '#EXT-X-DISCONTINUITY', '#EXTINF:1,', 'b.ts', '#EXTINF:1,', 'c.ts'],
    ...['#EXT-X-GAP', '#EXTINF:1,', 'd.ts', '#EXTINF:1,', 'e.ts', '#EXTINF:1,', 'f.ts'],
  );
  assert.equal(
    all.map(({ isDiscontinuous = false }) => isDiscontinuous),
    [false, true, false, true, false],
  );
});

test.run();
