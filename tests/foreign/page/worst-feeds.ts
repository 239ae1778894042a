/** Feeds that are slow to read, or once were: at least so many characters of each. */
import { repeated } from '../../support/scaling.ts';

export const WORST_FEEDS: Record<string, (size: number) => string> = {
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

export const WORST_JSON_FEEDS: Record<string, (size: number) => string> = {
  'episodes as JSON': (n) => `{"items":[${repeated('{"attachments":[{"url":"e\u0001.mp3"}]},', n)}{}]}`,
  'attachments of one item': (n) => `{"items":[{"attachments":[${repeated('{"url":"a\u0001"},', n)}{}]}]}`,
  'empty objects': (n) => `{"items":[${repeated('{},', n)}{}]}`,
  'arrays, one in the other': (n) => `{"items":${repeated('[', n)}`,
  'blanks before a feed': (n) => repeated(' ', n),
};
