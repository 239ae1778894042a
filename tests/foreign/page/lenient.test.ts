/** What people write instead of what the standards say, and servers' lists of folders without a title. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readPage } from '#lib/foreign/page/read-page.ts';

const PAGE = 'https://host.example/p/';
const chunk = (html: string): Uint8Array => Buffer.from(html);
const mediaIn = (html: string | Uint8Array): string[] =>
  readPage({ chunks: [typeof html === 'string' ? chunk(html) : html], url: PAGE }).groups.flatMap(
    ({ sources }) => sources.map(({ url }) => url.replace('https://host.example', '')),
  );

const ENTRY = '<script type="application/ld+json">';
for (const [what, html] of [
  [
    'JSON in a string, as of Next.js',
    '<script>f.push([1,"3:{\\"id\\":1,\\"src\\":\\"/v.mp4\\",\\"a\\":\\"x\\"}"])</script>',
  ],
  [
    'a property with several names',
    '<div itemscope itemtype=VideoObject><link itemprop="contentUrl url" href=/v.mp4></div>',
  ],
  [
    'a property after an inner item',
    '<div itemscope itemtype=https://schema.org/VideoObject><span itemscope itemtype=ImageObject>' +
      '<link itemprop=contentUrl href=/i.jpg></span><meta itemprop=contentUrl content=/v.mp4></div>',
  ],
  [
    'a type with its address',
    `${ENTRY}{"@type":"https://schema.org/VideoObject","contentUrl":"/v.mp4"}</script>`,
  ],
  [
    'a line end in a string',
    `${ENTRY}{"@type":"VideoObject","name":"two\nlines","contentUrl":"/v.mp4"}</script>`,
  ],
  ['a comma too many', `${ENTRY}{"@type":"VideoObject","contentUrl":"/v.mp4",}</script>`],
  ['CDATA', `${ENTRY}//<![CDATA[\n{"@type":"VideoObject","contentUrl":"/v.mp4"}\n//]]></script>`],
  ['JSON that cannot be mended', `${ENTRY}{"@type":"VideoObject" "contentUrl":"/v.mp4"}</script>`],
  ['a link with a file name', '<a href=/v.mp4?x=1 download>get</a>'],
  ['a link to a program, with a file name', '<a href="/v.mp4" download="v.mp4">get</a>'],
  ['an element of video.js', '<video-js><source src=/v.mp4></video-js>'],
  ['an element of AMP', '<amp-video src=/v.mp4></amp-video>'],
  ['a frame with its page in an attribute', '<iframe srcdoc="&lt;video src=/v.mp4&gt;"></iframe>'],
  ['a base that is no web address', '<base href="data:text/html,x"><video src=/v.mp4></video>'],
] as const) {
  test(`media is found in ${what}`, () => {
    assert.equal(
      mediaIn(html).map((each) => each.replace('?x=1', '')),
      ['/v.mp4'],
    );
  });
}

test('the name of a download tells what a link leads to', () => {
  assert.equal(mediaIn('<a href="/get?id=1" download="film.mp4">get</a>'), ['/get?id=1']);
});

const link = (name: string, href = name): string => `<a href="${href}">${name}</a>\n`;
for (const [server, html] of [
  ['Go', `<pre>\n${link('a b.iso', 'a%20b.iso')}${link('b.txt')}${link('sub/')}</pre>`],
  [
    'Caddy',
    `<title>p</title>${link('..', '..')}${link('a b.iso', './a%20b.iso')}${link('b.txt', './b.txt')}${link('sub/', './sub/')}`,
  ],
  ['darkhttpd', `<title>/p/</title><a href="../">..</a>/${link('a b.iso', 'a%20b.iso')}${link('b.txt')}`],
  [
    'miniserve',
    `<title>p</title>${link('a b.iso', '/p/a%20b.iso')}${link('b.txt', '/p/b.txt')}<a href="?sort=size">Size</a>`,
  ],
] as const) {
  test(`the files of a folder are listed as ${server} lists them`, () => {
    assert.equal(mediaIn(html), ['/p/a%20b.iso', '/p/b.txt']);
  });
}

test('a page with a link or two that show their names is no folder', () => {
  const words = link('About us', '/about') + link('Contact', '/contact') + link('News', '/news');
  assert.equal(mediaIn(words + link('a.iso') + link('b.txt')), []);
  assert.equal(mediaIn(link('robots.txt')), []);
});

test('one bad byte does not make a page of another charset', () => {
  const html = Buffer.concat([
    Buffer.from('<title>Übergrößen'),
    Buffer.from([0xc3]),
    Buffer.from('</title>'),
  ]);
  assert.is(readPage({ chunks: [html], url: PAGE }).title, 'Übergrößen�');
  const latin = Buffer.from('<title>\xdcbergr\xf6\xdfen</title>', 'latin1');
  assert.is(readPage({ chunks: [latin], url: PAGE }).title, 'Übergrößen');
});

test('the title of a drawing is not that of the page', () => {
  const html = '<svg><title>Icon</title></svg><title>Page</title>';
  assert.is(readPage({ chunks: [chunk(html)], url: PAGE }).title, 'Page');
});

const item = (inner: string): string => `<item><title>One</title>${inner}</item>`;
for (const [what, feed, media] of [
  [
    'behind a long comment',
    `<!-- ${'x'.repeat(2000)} --><rss><channel>${item('<enclosure url="/v.mp3"/>')}</channel></rss>`,
    '/v.mp3',
  ],
  [
    'of RSS 1.0',
    `<?xml version="1.0"?><rdf:RDF>${item('<enc:enclosure rdf:resource="/v.mp3" enc:type="audio/mpeg"/>')}</rdf:RDF>`,
    '/v.mp3',
  ],
  [
    'of Atom with a prefix',
    '<atom:feed><atom:entry><atom:title>One</atom:title><atom:link rel="enclosure" href="/v.mp3"/></atom:entry></atom:feed>',
    '/v.mp3',
  ],
  [
    'with another base',
    `<feed xml:base="/feeds/"><entry xml:base="one/"><title>One</title><link rel="enclosure" href="v.mp3"/></entry></feed>`,
    '/feeds/one/v.mp3',
  ],
] as const) {
  test(`an episode is found in a feed ${what}`, () => {
    const scan = readPage({ chunks: [chunk(feed)], url: PAGE });
    assert.is(scan.isFeed, true);
    assert.equal(
      scan.groups.map(({ title, sources }) => [title, sources[0]?.url]),
      [['One', `https://host.example${media}`]],
    );
  });
}

test('the base of an item ends with it', () => {
  const feed =
    '<feed xml:base="/a/"><entry xml:base="b/"><link rel="enclosure" href="1.mp3"/></entry>' +
    '<entry><link rel="enclosure" href="2.mp3"/></entry></feed>';
  assert.equal(mediaIn(feed), ['/a/b/1.mp3', '/a/2.mp3']);
});

test.run();
