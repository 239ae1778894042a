import { test } from 'uvu';
import * as assert from 'uvu/assert';
import * as fc from 'fast-check';
import { refreshTarget } from '#lib/foreign/page/refresh.ts';
import { scanPage } from '#lib/foreign/page/scan.ts';

test('a hostile page causes no more requests, and no longer listing, than 50 players with 12 sources', () => {
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

test('whatever a page holds, the scan returns only web addresses', () => {
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

const scanned = (html: string): unknown[] =>
  scanPage(html, new URL('https://example.com/p/')).groups.map(({ title, sources }) => [
    title,
    ...sources.map(({ url }) => url.slice('https://example.com'.length)),
  ]);

test('a player ends with its own end tag or that of a parent, not with an unmatched end tag', () => {
  assert.equal(scanned('<video></p><p>no<source src=a.mp4></video><source src=b.mp4>'), [[null, '/p/a.mp4']]);
  assert.equal(scanned('<div><video title=V><source src=a.mp4></div><source src=b.mp4>'), [
    ['V', '/p/a.mp4'],
  ]);
  assert.equal(scanned('<video src=a.mp4><video src=b.mp4></video>'), [
    [null, '/p/a.mp4'],
    [null, '/p/b.mp4'],
  ]);
});

test('a link has its text, up to its end, the next link or the end of a parent', () => {
  assert.equal(scanned('<a href=a.mp4>One <b>film</b></a> word'), [['One film', '/p/a.mp4']]);
  assert.equal(scanned('<ul><li><a href=a.mp4>One</li><li><a href="b.mp3?x#y"> T&amp;wo <a href=c>'), [
    ['One', '/p/a.mp4'],
    ['T&wo', '/p/b.mp3?x'],
  ]);
});

test('SVG and MathML neither hide nor close what follows', () => {
  assert.equal(scanned('<svg><title/><style/><a/></svg><video src=a.mp4></video>'), [[null, '/p/a.mp4']]);
  assert.equal(scanned('<svg><path><video src=a.mp4><source src=b.mp4></video>'), [
    [null, '/p/a.mp4', '/p/b.mp4'],
  ]);
  assert.equal(scanned('<svg><path><video src=a.mp4 /><source src=b.mp4>'), [[null, '/p/a.mp4', '/p/b.mp4']]);
  assert.equal(scanned('<svg><path><div><script>"<video src=a.mp4>"</script></div>'), []);
  assert.equal(scanned('<svg><foreignObject><style>a<b</style><video src=a.mp4 /><source src=b.mp4>'), [
    [null, '/p/a.mp4', '/p/b.mp4'],
  ]);
});

test('the first base counts, scripts and comments hold no media, and of two equal attributes the first counts', () => {
  assert.equal(scanned('<base><base href=/x/><base href=/y/><video src=a.mp4 src=b.mp4>'), [
    [null, '/x/a.mp4'],
  ]);
  assert.equal(
    scanned('<script>"<video src=a.mp4>"</script><!-- <video src=b.mp4> --><textarea><video src=c.mp4>'),
    [],
  );
});

test('a page with more addresses than the limit is truncated', () => {
  const links = Array.from({ length: 5000 }, (_, i) => `<a href=${i}.mp4></a>`).join('');
  const page = scanPage(`<base href="/${'x'.repeat(8000)}/">${links}`, new URL('https://example.com/'));
  assert.ok(page.truncated);
  assert.is(scanPage(links.slice(0, 20_000), new URL('https://example.com/')).truncated, true);
  assert.is(scanPage('<a href=1.mp4></a>', new URL('https://example.com/')).truncated, false);
});

test('structured data past the limit of a page is skipped', () => {
  const media = '{"@type":"VideoObject","contentUrl":"a.mp4"}';
  const script = (json: string): string => `<script type="application/ld+json">${json}</script>`;
  assert.is(scanned(script(`[${media},${'0,'.repeat(90_000)}0]`)).length, 1);
  assert.is(scanned(script(`[${media},${'0,'.repeat(100_000)}0]`)).length, 0);
  assert.is(scanned(script('['.repeat(60_000)) + script('['.repeat(60_000)) + script(media)).length, 0);
});

test('structured data of a type that is no text, however deep, does not hide what else is there', () => {
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
  const page = `<script type=application/ld+json>{"@type":${deep}}</script><video src=a.mp4></video>`;
  assert.equal(scanned(page), [[null, '/p/a.mp4']]);
});

test('a refresh has an address behind its seconds, and comes soon', () => {
  for (const [text, target] of [
    ['0;url=a', 'a'],
    [' 5 ; URL = "a b" ', 'a b'],
    ['5, a', 'a'],
    ['\t30 a', 'a'],
    ['31;a', null],
    [' 300', null],
    ['300 ', null],
    [' 300;a', null],
    ['5', null],
    [' 5 ', null],
    ['', null],
  ] as const)
    assert.is(refreshTarget(text), target, text);
});

test('scripts are not searched where a player was found', () => {
  const script = '<script>"/b.mp4"</script>';
  assert.equal(scanned(`${script}<video src=a.mp4></video>`), [[null, '/p/a.mp4']]);
  assert.equal(scanned(`<video src=a.mp4></video>${script}`), [[null, '/p/a.mp4']]);
  assert.equal(scanned(`<video></video>${script}`), [[null, '/b.mp4']]);
  const player = '<meta property=og:video content=/player>';
  assert.equal(scanned(`${player}${script}<meta property=og:video:type content=text/html>`), [
    [null, '/b.mp4'],
  ]);
});

test.run();
