/** Feeds and charsets: twice the text takes at most three times the CPU. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodePage } from '#lib/foreign/page/charset.ts';
import { isFeed, scanFeed } from '#lib/foreign/page/feed.ts';
import { growthOf, MOST, oddTexts, repeated, tooSteep } from '../../support/scaling.ts';

const HERE = new URL('https://example.com/feed');
const SIZE = 200_000;

const FEEDS: Record<string, (size: number) => string> = {
  episodes: (n) => `<rss>${repeated('<item><title>t</title><enclosure url=e\u0001.mp3 /></item>', n)}`,
  'items, one in the other': (n) => `<rss>${repeated('<item>', n)}`,
  'entries that end without a beginning': (n) => `<feed>${repeated('</entry>', n)}`,
  'enclosures of one item': (n) => `<rss><item>${repeated('<enclosure url=e\u0001.mp3 />', n)}`,
  'titles, one in the other': (n) => `<rss><channel><item>${repeated('<title>a', n)}`,
  'a title of sections': (n) => `<rss><channel><item><title>${repeated('<![CDATA[a]]>', n)}`,
  'sections that nearly end': (n) => `<rss><channel><item><title><![CDATA[${repeated(']]', n)}`,
  entities: (n) => `<rss><channel><item><title>${repeated('&amp;&x', n)}`,
  'deep elements': (n) => `<rss>${repeated('<a\u0001>', n)}`,
};

for (const [what, make] of Object.entries(FEEDS)) {
  test(`twice as much of ${what} takes at most three times the CPU`, () => {
    const growth = growthOf((size) => {
      const text = make(size);
      return () => scanFeed(text, HERE);
    }, SIZE);
    assert.ok(growth <= MOST, `${growth.toFixed(1)} times`);
  });
}

const WORDS = [
  ...[
    '<rss>',
    '<item>',
    '</item>',
    '<entry>',
    '<title>',
    '</title>',
    '<![CDATA[',
    ']]>',
    '<enclosure url=',
    '/>',
  ],
  ...[
    '<link rel=enclosure href=',
    '<?xml',
    '?>',
    '<!--',
    '-->',
    '<!DOCTYPE',
    ' ',
    '\n',
    '"',
    '=',
    '&',
    'encoding=',
  ],
  ...['<meta charset=', '\ufeff', '>', '<media:content url=x.mp3 medium=audio />', '\u00fc', 'charset', ';'],
];

test('no text of the words of a feed takes more', () => {
  const steep = tooSteep(
    oddTexts(WORDS, { seed: 5, count: 30 }),
    (text) => [isFeed(text), scanFeed(text, HERE), decodePage([Buffer.from(text)], null)],
    SIZE,
  );
  assert.equal(steep, []);
});

test.run();
