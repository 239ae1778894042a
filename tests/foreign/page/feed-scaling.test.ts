/** Feeds and charsets: twice the text takes at most three times the CPU. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { decodePage } from '#lib/foreign/page/charset.ts';
import { scanFeed } from '#lib/foreign/page/feed.ts';
import { scanJsonFeed } from '#lib/foreign/page/json-feed.ts';
import { textKindOf } from '#lib/protocol/text-kind.ts';
import { MAX_FEED_MARKS } from '#lib/foreign/limits.ts';
import { WORST_FEEDS, WORST_JSON_FEEDS } from './worst-feeds.ts';
import { growthOf, MOST, oddTexts, tooSteep } from '../../support/scaling.ts';

const HERE = new URL('https://example.com/feed');
const SIZE = 200_000;

for (const [what, make] of Object.entries(WORST_FEEDS)) {
  test(`twice as much of ${what} takes at most three times the CPU`, () => {
    const growth = growthOf((size) => {
      const text = make(size);
      return () => scanFeed(text, HERE);
    }, SIZE);
    assert.ok(growth <= MOST, `${growth.toFixed(1)} times`);
  });
}

for (const [what, make] of Object.entries(WORST_JSON_FEEDS)) {
  test(`twice as much of ${what} takes at most three times the CPU`, () => {
    const growth = growthOf((size) => {
      const text = make(size);
      return () => [textKindOf(text), scanJsonFeed(text, HERE)];
    }, SIZE);
    assert.ok(growth <= MOST, `${growth.toFixed(1)} times`);
  });
}

test('a JSON Feed of more values than one call may parse is a feed that is cut', () => {
  const feed = (n: number): string => `{"items":[${'{},'.repeat(n)}{}]}`;
  const seen = [100, MAX_FEED_MARKS].map((n) => {
    const { isFeed, truncated, groups } = scanJsonFeed(feed(n), HERE);
    return [isFeed, truncated, groups.length];
  });
  assert.equal(seen, [
    [true, false, 0],
    [true, true, 0],
  ]);
});

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
    (text) => [textKindOf(text), scanFeed(text, HERE), decodePage([Buffer.from(text)], null)],
    SIZE,
  );
  assert.equal(steep, []);
});

test.run();
