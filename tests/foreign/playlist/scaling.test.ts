import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePlaylist } from '#lib/foreign/playlist/playlist.ts';
import { growthOf, MOST, oddTexts, repeated, tooSteep } from '../../support/scaling.ts';

const HERE = new URL('https://media.example/films/list.m3u8');
const LONG = new URL(`https://media.example/${'x'.repeat(8000)}/list.m3u8`);
const MASTER = '#EXTM3U\n#EXT-X-STREAM-INF:';
const MEDIA = '#EXTM3U\n#EXTINF:1,\n';
const SIZE = 200_000;

/** Each of these once took seconds, minutes or hours for a few hundred kB. */
const TEXTS: Record<string, (size: number) => string> = {
  'commas in an attribute list': (n) => `${MASTER}${repeated(',', n)}\na\n`,
  'quotes in an attribute list': (n) => `${MASTER}A=${repeated('"', n)}\na\n`,
  'blanks in an attribute list': (n) => `${MASTER}A="x${repeated(' ', n)}x",B=1\na\n`,
  'equals signs in an attribute list': (n) => `${MASTER}${repeated('=', n)}\na\n`,
  'open quotes in an attribute list': (n) => `${MASTER}${repeated('A="x,', n)}\na\n`,
  'attributes of other names': (n) => `${MASTER}${repeated('N\u0001=1,', n)}\na\n`,
  'attribute lists before one address': (n) => `${repeated(`#EXT-X-STREAM-INF:N\u0001=1\n`, n)}a\n`,
  'renditions of one group': (n) =>
    `#EXTM3U\n${repeated('#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="\u0001",URI="u"\n', n / 2)}${repeated('#EXT-X-STREAM-INF:AUDIO="g"\na\u0001\n', n / 2)}`,
  'variants of one quality': (n) => `#EXTM3U\n${repeated('#EXT-X-STREAM-INF:BANDWIDTH=1\na\u0001\n', n)}`,
  'definitions, and lines that use them': (n) =>
    `${MEDIA}${repeated('#EXT-X-DEFINE:NAME="v\u0001",VALUE="x"\n', n / 2)}${repeated('{$v\u0001}\n', n / 2)}`,
  'definitions in one tag': (n) => `${MEDIA}#EXT-X-DEFINE:${repeated('NAME="v\u0001",VALUE="x",', n)}\na\n`,
  'variants with one long rendition': (n) =>
    `#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="${'x'.repeat(n / 2)}",URI="u"\n${repeated('#EXT-X-STREAM-INF:BANDWIDTH=\u0001,AUDIO="g"\na\n', n / 2)}`,
  'equal variants': (n) => `#EXTM3U\n${repeated('#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="x"\na\u0001\n', n)}`,
  gaps: (n) => `#EXTM3U\n#EXTINF:1,\na\n${repeated('#EXT-X-GAP\n#EXTINF:1,\na\n', n)}`,
  'long definitions in one line': (n) =>
    `${MEDIA}#EXT-X-DEFINE:NAME="v",VALUE="${'x'.repeat(8000)}"\n${repeated('{$v}', n)}\n`,
  'variables that are not closed': (n) => `${MEDIA}#EXT-X-DEFINE:NAME="v",VALUE="x"\n${repeated('{$v', n)}\n`,
  'initialisation parts that change': (n) =>
    `#EXTM3U\n${repeated('#EXT-X-MAP:URI="i\u0001"\n#EXTINF:1,\na\n', n)}`,
  'keys that change': (n) =>
    `#EXTM3U\n${repeated('#EXT-X-KEY:METHOD=AES-128,URI="k\u0001"\n#EXTINF:1,\na\n', n)}`,
  'byte ranges that follow each other': (n) =>
    `#EXTM3U\n${repeated('#EXTINF:1,\n#EXT-X-BYTERANGE:10\na\n', n)}`,
  'blank lines before it': (n) => `${repeated('\n \t\r', n)}#EXTM3U`,
  'one long line': (n) => `${MEDIA}${repeated('a', n)}`,
  'one long duration': (n) => `#EXTM3U\n#EXTINF:${repeated('9', n)},\na\n`,
  'codecs of one variant': (n) => `${MASTER}CODECS="${repeated('mp4a, ', n)}"\na\n`,
  'hosts in Chinese': (n) => `${MEDIA}${repeated(`http://${han(250)}\u0001/\n`, n)}`,
  'one host in Chinese': (n) => `${MEDIA}http://${han(Math.min(n, 20_000))}/\n`,
  'parent folders': (n) => `${MEDIA}${repeated('../', n)}\n`,
};

/** This many characters, all different. */
function han(count: number): string {
  return Array.from({ length: count }, (_, i) => String.fromCharCode(0x4e00 + (i % 20_000))).join('');
}

for (const [what, make] of Object.entries(TEXTS)) {
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
