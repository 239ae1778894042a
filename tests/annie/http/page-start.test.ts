/** What begins as a page does, where its server gives no type: as in browsers. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { classify } from '#lib/annie/http/content/classify.ts';
import { otherThanMedia } from '#lib/annie/http/hls/media-start.ts';
import { beginsAsPage } from '#lib/annie/http/content/page-start.ts';

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
  ...['<!-- a --><video src=a>', ' \n<!doctype html>', '\ufeff<div>a'],
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

test.run();
