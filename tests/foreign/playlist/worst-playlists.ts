/** Playlists that are slow to read, or once were: at least so many characters of each. */
import { repeated } from '../../support/scaling.ts';

export const MASTER = '#EXTM3U\n#EXT-X-STREAM-INF:';
export const MEDIA = '#EXTM3U\n#EXTINF:1,\n';

/** Each of these once took seconds, minutes or hours for a few hundred kB. */
export const WORST_PLAYLISTS: Record<string, (size: number) => string> = {
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
