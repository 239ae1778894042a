import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as fc from 'fast-check';
import { scanPage } from '#lib/foreign/page/scan.ts';

test('a hostile page costs no more requests, and no longer an answer, than 50 players with 12 sources', () => {
  const scan = (count: number, sources: (player: number) => string[], base = '') => {
    const players = Array.from(
      { length: count },
      (_, i) =>
        `<video>${sources(i)
          .map((src) => `<source src="${src}">`)
          .join('')}</video>`,
    );
    return scanPage(`<base href="${base}">${players.join('')}`, new URL('https://example.com/p/'));
  };
  const greedy = scan(500, (player) => Array.from({ length: 12 }, (_, i) => `${player}-${i}.mp4`));
  assert.is(greedy.groups.flatMap(({ sources }) => sources).length, 600);
  assert.is(greedy.truncated, true);
  const wordy = scan(500, (player) => [`${player}.mp4`], `/${'x'.repeat(8000)}/`);
  assert.ok(JSON.stringify(wordy.groups).length < 400_000);
  assert.ok(wordy.groups.length > 0);
  assert.is(wordy.truncated, true);
});

test('whatever a page holds, the scan gives web addresses only', () => {
  const word = fc.constantFrom(
    '<video ',
    '<source ',
    'src=',
    '"',
    "'",
    '>',
    '</video>',
    '<base href=',
    '//x/y.mp4',
    'a.mp4',
    'javascript:x',
    'file:///e',
    '<script type="application/ld+json">',
    '{"@type":"VideoObject","contentUrl":"',
    '"}',
    '</script>',
    '<title>',
    '<a href=',
    '\0',
    '\ud800',
    '<meta property="og:video" content=',
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), (words) => {
      const { groups } = scanPage(words.join(' '), new URL('https://example.com/p/'));
      return groups.every(
        ({ sources }) => sources.length > 0 && sources.every(({ url }) => /^https?:/.test(url)),
      );
    }),
  );
});

test.run();
