/** What texts are by their beginning: pages, where their servers give no type, as in browsers; playlists and feeds. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classify } from '#lib/annie/http/content/classify.ts';
import { otherThanMedia } from '#lib/annie/http/hls/media-start.ts';
import { beginsAsPage, startText, textKindOf } from '#lib/protocol/text-kind.ts';

const untyped = (path: string, text: string): string =>
  classify(new URL(path, 'https://a.example'), 200, new Map(), Buffer.from(text)).kind;

const PAGES = [
  ...[
    '<!DOCTYPE html>',
    '<html lang=en>',
    '<HEAD>',
    '<script src=a>',
    '<iframe src=a>',
    '<h1>a',
    '<div class=a>',
  ],
  ...[
    '<font size=1>',
    '<table>',
    '<a href=b>',
    '<style>',
    '<title>a',
    '<b>a',
    '<body\nclass=a>',
    '<br>',
    '<p>a',
  ],
  ...['<!-- a --><video src=a>', '<!--a--><video src=a>', '<!---->a', ' \n<!doctype html>', '\ufeff<div>a'],
];
for (const text of PAGES) {
  test(`${JSON.stringify(text)} is a page, and no fragment of a stream`, () => {
    assert.is(untyped('/watch', text), 'page');
    assert.is(untyped('/film.mp4', text), 'page');
    assert.is(otherThanMedia(Buffer.from(text)), 'a web page');
  });
}

test('other texts are none, nor is XML behind a comment, by its name', () => {
  for (const text of [
    '',
    'a <b>',
    '<bold>',
    '<pre>',
    '<abbr>',
    '<?xml version="1.0"?><a/>',
    '<svg>',
    'WEBVTT\n\n<b>',
  ])
    assert.not(beginsAsPage(text), text);
  for (const path of ['/a.svg', '/a.xml', '/a.ttml'])
    assert.is(untyped(path, '<!-- made by a --><a/>'), 'file', path);
  assert.is(untyped('/a.bin', 'Words alone'), 'file');
});

for (const [kind, text] of [
  ['hls', ' \n#EXTM3U\n'],
  ['dash', '<?xml version="1.0"?>\n<MPD xmlns="a">'],
  ['feed', '<!-- by a generator --><?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "b">]><rss>'],
  ['feed', '<atom:feed xmlns:atom="a">'],
  ['feed', '<rdf:RDF xmlns="a">'],
  ['json-feed', '{"title":"a","version":"https:\\/\\/jsonfeed.org\\/version\\/1.1"}'],
  [null, '<feedback>'],
  [null, 'EXTM3U'],
  [null, '{"rss":1}'],
] as const) {
  test(`${JSON.stringify(text)} is ${kind ?? 'nothing that is known'}, in UTF-8 and UTF-16`, () => {
    const wide = Buffer.from(`\ufeff${text}`, 'utf16le');
    for (const bytes of [Buffer.from(text), Buffer.from(`\ufeff${text}`), wide, Buffer.from(wide).swap16()])
      assert.is(textKindOf(startText(bytes)), kind);
  });
}

test.run();
