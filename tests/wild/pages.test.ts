/** Pages as people meet them: what they lead to, what is listed, and under which name it is saved. */
import { gzipSync } from 'node:zlib';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { binaryKind } from '#lib/annie/http/content/binary.ts';
import { response, type WildAnswer } from './origin.ts';
import { openWildKit } from './outcome.ts';

const kit = await openWildKit();
const { origin } = kit;
const HTML = 'Content-Type: text/html';
const file = (type: string, body = 'bytes'): Buffer => response(`Content-Type: ${type}`, body);
const page = (html: string | Buffer, head = HTML): Buffer => response(head, html);

origin.serve('/clip.mp4', file('video/mp4', 'clip'));
origin.serve('/low.mp4', file('video/mp4', 'low'));
for (const name of ['a.iso', 'b.pdf', 'c.tar.gz', 'set up.exe'])
  origin.serve(`/files/${encodeURIComponent(name)}`, file('application/octet-stream', name));
origin.serve('/target.iso', file('application/octet-stream', 'iso'));

let pages = 0;
const serve = (answer: WildAnswer | Buffer): string => origin.serve(`/page-${++pages}`, answer);

test('what a server calls text/html is a file if its first bytes are no text', async () => {
  const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
  for (const [path, body, name] of [
    ['/pack', bytes('PK\x03\x04\0\0'), 'pack.zip'],
    ['/film.mkv', bytes('\x1aE\xdf\xa3\x01\0\0'), 'film.mkv'],
    ['/film', bytes('\0\0\0\x20ftypisom\0\0'), 'film.mp4'],
    ['/paper', bytes('%PDF-1.7\n%abc'), 'paper.pdf'],
    ['/data.dat', bytes('\x01\x02\x03\x04'), 'data.dat'],
    ['/show.php?id=1', gzipSync('x'), 'show.gz'],
    ['/film.srt', bytes('1\r\n00:00:01,000 --> 00:00:02,000\r\nWords'), 'film.srt'],
  ] as const) {
    const url = origin.url + path;
    origin.serve(path.split('?')[0] ?? '', page(body));
    for (const engine of [undefined, 'http'] as const) {
      const saved = await kit.download(url, engine ? { engine } : {});
      assert.equal([saved.state, saved.name, saved.body], ['complete', name, body]);
    }
    assert.is((await kit.titlesOf(url)).length, 1);
    assert.is.not((await kit.titlesOf(url))[0], 'no_media');
  }
});

test('the first bytes tell the type of each format that people download', () => {
  for (const [start, type] of [
    ['PK\x03\x04', 'application/zip'],
    ['%PDF-1.4', 'application/pdf'],
    ['\x1f\x8b\x08', 'application/gzip'],
    ['7z\xbc\xaf\x27\x1c\0', 'application/x-7z-compressed'],
    ['Rar!\x1a\x07\0', 'application/vnd.rar'],
    ['BZh9\x17', 'application/x-bzip2'],
    ['\xfd7zXZ\0', 'application/x-xz'],
    ['\x28\xb5\x2f\xfd\0', 'application/zstd'],
    ['\x1aE\xdf\xa3\x01', 'video/x-matroska'],
    ['\0\0\0\x18ftyp', 'video/mp4'],
    ['OggS\0', 'audio/ogg'],
    ['fLaC\0', 'audio/flac'],
    ['ID3\x03\0', 'audio/mpeg'],
    ['RIFF\x01\0\0\0AVI ', 'video/x-msvideo'],
    ['RIFF\x01\0\0\0WAVE', 'audio/wav'],
    ['RIFF\x01\0\0\0WEBP', 'image/webp'],
    ['\x89PNG\r\n\x1a\n', 'image/png'],
    ['\xff\xd8\xff\xe0\0', 'image/jpeg'],
    ['GIF89a\x01', 'image/gif'],
    ['FLV\x01\x05', 'video/x-flv'],
    ['MZ\x90\0', null],
  ] as const)
    assert.equal(binaryKind(start, null), { type });
  for (const start of ['ID3 of a family', 'BZh, she said', 'GIF89a explained', '<html>', '', '\xff\xfe<\0'])
    assert.is(binaryKind(start, null), null);
  assert.is(binaryKind('\0<\0h', 'utf-16be'), null);
});

test('text/html that is text stays a page, in UTF-16 too, and is saved as itself only if asked', async () => {
  const text = '<title>A page</title>words';
  const wide = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
  for (const [path, body] of [
    ['/words', Buffer.from(text)],
    ['/wide', wide],
  ] as const) {
    const url = origin.serve(path, page(body));
    assert.is((await kit.download(url)).state, 'no_media');
    const saved = await kit.download(url, { streamId: 'page' });
    assert.equal([saved.state, saved.name, saved.body], ['complete', `${path.slice(1)}.html`, body]);
  }
});

for (const [what, html, head] of [
  ['a meta element', '<meta http-equiv=refresh content="0; url=target.iso">', HTML],
  ['a meta element in quotes', `<META HTTP-EQUIV="Refresh" CONTENT="5;URL='/target.iso'">`, HTML],
  ['a meta element without url=', '<meta http-equiv="refresh" content="3; /target.iso">', HTML],
  [
    'a meta element for those without scripts',
    '<noscript><meta http-equiv="refresh" content="5; url=/target.iso?a=1&amp;b=2"></noscript>',
    HTML,
  ],
  ['a Refresh field', 'Your download begins in a moment.', `${HTML}\r\nRefresh: 0;url=target.iso`],
  ['a Refresh field with a comma', 'soon', `${HTML}\r\nRefresh: 2, target.iso`],
  [
    'a page with other links',
    '<meta http-equiv=refresh content="4;url=/target.iso"><a href=/clip.mp4>Trailer</a>',
    HTML,
  ],
] as const) {
  test(`a download that ${what} starts is followed`, async () => {
    const url = serve(page(html, head));
    const saved = await kit.download(url);
    assert.equal([saved.state, saved.name, saved.body.toString()], ['complete', 'target.iso', 'iso']);
    assert.equal(await kit.titlesOf(url), ['target']);
  });
}

test('a refresh in a circle, a late one and one to a private address are not followed', async () => {
  const circle = serve(page('<meta http-equiv=refresh content="0;url=/page-round">'));
  origin.serve('/page-round', page(`<meta http-equiv=refresh content="0;url=${new URL(circle).pathname}">`));
  assert.is((await kit.download(circle)).state, 'no_media');
  const late = serve(page('<meta http-equiv=refresh content="300;url=/target.iso">'));
  assert.is((await kit.download(late)).state, 'no_media');
  const lateReload = serve(page('<meta http-equiv=refresh content=" 300">'));
  assert.is((await kit.download(lateReload)).state, 'no_media');
  const secret = serve(page('<meta http-equiv=refresh content="0;url=http://127.0.0.2:1/secret.iso">'));
  assert.is((await kit.download(secret)).state, 'address_refused');
});

for (const [what, head] of [
  [
    'Apache',
    '<title>Index of /files</title></head><body><h1>Index of /files</h1><pre><a href="?C=N;O=D">Name</a>',
  ],
  ['nginx', '<head><title>Index of /files/</title></head><body><pre>'],
  ['Python', '<title>Directory listing for /files/</title></head><body><ul>'],
] as const) {
  test(`the files of a folder that ${what} lists are listed`, async () => {
    const rows = '<a href="../">../</a><a href="sub/">sub/</a><a href="/clip.mp4">elsewhere</a>';
    const links =
      '<a href="a.iso">a.i..&gt;</a> <a href="b.pdf">b.pdf</a><a href=c.tar.gz>c</a><a href="set%20up.exe">s';
    const url = origin.serve(`/files/`, page(`<!DOCTYPE html><html>${head}${rows}${links}`));
    const items = await kit.list(url);
    assert.equal(
      typeof items === 'string'
        ? items
        : items.map((item) => [item.title, item.type, item.streams[0]?.bytes]),
      [
        ['a', 'file', 5],
        ['b', 'file', 5],
        ['c.tar', 'file', 8],
        ['set up', 'file', 10],
      ],
    );
    const saved = await kit.download(`${origin.url}/files/c.tar.gz`);
    assert.is(saved.name, 'c.tar.gz');
  });
}

/** 下载 in GBK, 日本 in Shift_JIS, Привет in windows-1251. */
const TITLES: [charset: string, bytes: string, title: string][] = [
  ['gbk', '\xcf\xc2\xd4\xd8', '下载'],
  ['gb2312', '\xcf\xc2\xd4\xd8', '下载'],
  ['shift_jis', '\x93\xfa\x96\x7b', '日本'],
  ['euc-kr', '\xc7\xd1\xb1\xb9', '한국'],
  ['windows-1251', '\xcf\xf0\xe8\xe2\xe5\xf2', 'Привет'],
];

test('a title is read in the charset of the header, the mark or the meta element, in this order', async () => {
  const video = '<video src=/clip.mp4></video>';
  const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');
  for (const [charset, title, expected] of TITLES) {
    const html = `<title>${title}</title>${video}`;
    const equiv = `<meta http-equiv=Content-Type content="text/html; charset=${charset}">`;
    for (const answer of [
      page(bytes(html), `${HTML}; charset=${charset}`),
      page(bytes(html), `${HTML}; Charset="${charset.toUpperCase()}"`),
      page(bytes(`<meta charset=${charset}>${html}`)),
      page(bytes(`<style>${' '.repeat(2000)}</style><meta charset=${charset}>${html}`)),
      page(bytes(`<!-- <meta charset=utf-8> -->${equiv}${html}`)),
      page(bytes(`<meta charset=utf-8>${html}`), `${HTML}; charset=${charset}`),
    ]) {
      const url = serve(answer);
      assert.equal(await kit.titlesOf(url), [expected]);
      assert.is((await kit.download(url)).name, `${expected}.mp4`);
    }
  }
  const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(`<title>ä</title>${video}`)]);
  assert.equal(await kit.titlesOf(serve(page(marked, `${HTML}; charset=iso-8859-1`))), ['ä']);
  assert.equal(await kit.titlesOf(serve(page(`<title>ü</title>${video}`))), ['ü']);
  assert.equal(await kit.titlesOf(serve(page(bytes(`<title>\xfc</title>${video}`)))), ['ü']);
});

test('a page with one source gives list and file one name, whichever way it is added', async () => {
  const url = serve(page('<title>One film</title><video src=/clip.mp4></video>'));
  const items = await kit.list(url);
  const [item] = typeof items === 'string' ? [] : items;
  assert.is(item?.title, 'One film');
  assert.is((await kit.download(url)).name, 'One film.mp4');
  const listed = { streamId: item?.streams[0]?.id ?? null };
  assert.is((await kit.download(item?.url ?? '', listed)).name, 'One film.mp4');
});

test('of several links that are called alike, the files keep the names of the server', async () => {
  const url = serve(page('<a href=/clip.mp4>Download</a> <a href=/low.mp4>Download</a>'));
  assert.equal(await kit.titlesOf(url), ['Download', 'Download']);
  assert.is((await kit.download(`${origin.url}/low.mp4`)).name, 'low.mp4');
  assert.equal(await kit.titlesOf(serve(page('<a href=/low.mp4>The low one</a>'))), ['The low one']);
  assert.is((await kit.download(`${origin.url}/low.mp4`)).name, 'The low one.mp4');
});

for (const [what, html] of [
  ['a lazy player', '<video data-src=clip.mp4></video>'],
  ['a lazy source', '<video><source data-src=clip.mp4></video>'],
  ['an embedded player', '<iframe src=/player></iframe>'],
  ['a lazy embedded player', '<iframe data-src=/player src=about:blank></iframe>'],
  ['a file in a frame', '<iframe src=/clip.mp4></iframe>'],
  ['a script', '<script>var player = {"file": "/clip.mp4", other: 1};</script>'],
  ['escaped JSON', `<script>x("${origin.url.replaceAll('/', '\\/')}\\/clip.mp4?a=1\\u0026b=2")</script>`],
  ['a JSON script', '<script type=application/json>{"a":[{"src":"clip.mp4"}]}</script>'],
  ['the configuration of video.js', `<video data-setup='{"sources":[{"src":"/clip.mp4"}]}'></video>`],
  [
    'microdata',
    '<div itemscope itemtype="https://schema.org/VideoObject"><meta itemprop=contentUrl content=clip.mp4></div>',
  ],
  ['microdata in a link', '<p itemtype=x><link itemprop="contentURL" href=clip.mp4></p>'],
  ['a preloaded video', '<link rel=preload as=video href=clip.mp4>'],
  [
    'a page that og:video names',
    '<meta property=og:video content=/player><meta property=og:video:type content=text/html>',
  ],
  ['a page that twitter:player names', '<meta name=twitter:player content=/player>'],
  ['an embedded file', '<embed src=clip.mp4>'],
] as const) {
  test(`the video of ${what} is listed and saved`, async () => {
    origin.serve('/player', page('<video src=clip.mp4></video>'));
    const url = serve(page(`<title>A film</title>${html}`));
    assert.equal(await kit.titlesOf(url), ['A film']);
    const saved = await kit.download(url);
    assert.equal([saved.state, saved.name, saved.body.toString()], ['complete', 'A film.mp4', 'clip']);
  });
}

test('scripts count only where nothing else is found, pictures and source code never', async () => {
  const script = `<script>["/low.mp4", "/main.ts", "not an.mp4 address", "{id}.mp4"]</script>`;
  assert.equal(await kit.titlesOf(serve(page(`<title>T</title><video src=/clip.mp4></video>${script}`))), [
    'T',
  ]);
  assert.equal(await kit.titlesOf(serve(page(`<title>T</title>${script}`))), ['T']);
  const picture =
    '<p itemtype=https://schema.org/ImageObject><meta itemprop=contentUrl content=clip.mp4></p>';
  assert.equal(await kit.titlesOf(serve(page(picture))), ['no_media']);
});

test('frames are looked into one level deep, and never to a private address', async () => {
  const url = serve(page('<iframe src=/outer></iframe><iframe src=http://127.0.0.2:1/x></iframe>'));
  origin.serve('/outer', page('<iframe src=/player></iframe>'));
  assert.is((await kit.download(url)).state, 'no_media');
});

test.after(async () => {
  await kit.close();
});

test.run();
