import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePlaylist } from '#lib/foreign/playlist/playlist.ts';
import { MASTER, MEDIA, WORST_PLAYLISTS } from './worst-playlists.ts';
import { growthOf, MOST, oddTexts, repeated, tooSteep } from '../../support/scaling.ts';

const HERE = new URL('https://media.example/films/list.m3u8');
const LONG = new URL(`https://media.example/${'x'.repeat(8000)}/list.m3u8`);
const SIZE = 200_000;

for (const [what, make] of Object.entries(WORST_PLAYLISTS)) {
  test(`twice as many ${what} take at most three times the CPU`, () => {
    const growth = growthOf((size) => {
      const text = make(size);
      return () => parsePlaylist(text, HERE);
    }, SIZE);
    assert.ok(growth <= MOST, `${growth.toFixed(1)} times`);
  });
}

test('short addresses with a long base cost no more than the total limit', () => {
  const growth = growthOf((size) => {
    const text = `#EXTM3U\n${repeated('#EXTINF:1,\na\n', size)}#EXT-X-ENDLIST`;
    return () => parsePlaylist(text, LONG);
  }, SIZE);
  assert.ok(growth <= MOST, `${growth.toFixed(1)} times`);
});

const WORDS = [
  ...['#EXTM3U\n', '#EXTINF:', '#EXTINF:1,\n', '#EXT-X-STREAM-INF:', '#EXT-X-KEY:', '#EXT-X-MAP:'],
  ...['#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="\u0001",URI="u"', '#EXT-X-BYTERANGE:', '#EXT-X-DEFINE:'],
  ...[
    'NAME="\u0001",VALUE="x"',
    'METHOD=AES-128,URI="k\u0001"',
    'URI="',
    'AUDIO="g"',
    'IV=0x',
    '{$',
    '{$\u0001}',
  ],
  ...[
    '\n',
    '\r\n',
    ',',
    '=',
    '"',
    "'",
    ' ',
    '\t',
    'a',
    '0',
    '.',
    'x',
    '@',
    ':',
    '-',
    '/',
    '?',
    '#',
    '%',
    '\\',
  ],
  ...[
    '../',
    '//',
    'http://',
    'http://\u00e9',
    '\u0001',
    '\u00e9',
    '\ud800',
    '\0',
    '\u00a0',
    '\u2028',
    '1e999',
  ],
];

for (const start of [MASTER, MEDIA]) {
  test(`odd text after ${JSON.stringify(start)} of twice the length takes at most three times the CPU`, () => {
    const steep = tooSteep(
      oddTexts(WORDS, { seed: 7, count: 40 }),
      (text) => parsePlaylist(start + text, HERE),
      SIZE,
    );
    assert.equal(steep, []);
  });
}

test.run();
