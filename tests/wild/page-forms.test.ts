/** Where pages, in other ways than an element of their own, have their media: attributes, scripts, structured data, frames. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { response } from './origin.ts';
import { openWildKit } from './outcome.ts';

const kit = await openWildKit();
const { origin } = kit;
test.after(() => kit.close());

const HTML = 'Content-Type: text/html';
origin.serve('/clip.mp4', ({ path }) =>
  path === '/clip.mp4?a=1&amp;b=2' ? 'HTTP/1.1 403 No\r\n\r\n' : response('Content-Type: video/mp4', 'clip'),
);
origin.serve('/clip.mp4;jsessionid=1', response('Content-Type: video/mp4', 'clip'));
origin.serve('/frame', response(HTML, '<video src=/clip.mp4>'));
origin.serve('/get', response('Content-Type: video/mp4', 'clip'));
const clip = `${origin.url}/clip.mp4`;

const PAGES = {
  'a configuration in data-config': `<div data-config='{"file":"/clip.mp4"}'></div>`,
  'one with escaped quotes': '<div data-options="{&quot;src&quot;:&quot;/clip.mp4&quot;}"></div>',
  'the sources of a player': `<video data-sources='[{"src":"/clip.mp4"}]'></video>`,
  'the item of Flowplayer': `<p data-item='{"sources":[{"src":"/clip.mp4"}]}'>`,
  'an address in data-video': '<div data-video="/clip.mp4"></div>',
  'a lazy player': '<video data-lazy="/clip.mp4"></video>',
  'an address for a format': '<video data-mp4="/clip.mp4"></video>',
  'a script in onclick': `<button onclick="location.href='/clip.mp4'">Get</button>`,
  'a percent-encoded address in a script': `<script>f={file:"${encodeURIComponent(clip)}"}</script>`,
  'an address that is escaped twice': `<script>f([1,"{\\"u\\":\\"${clip.replaceAll('/', '\\\\/')}\\"}"])</script>`,
  'an address with escaped ampersands':
    '<script type="application/ld+json">{"@type":"VideoObject","contentUrl":"/clip.mp4?a=1&amp;b=2"}</script>',
  'structured data with a player alone':
    '<script type="application/ld+json">{"@type":"VideoObject","embedUrl":"/frame"}</script>',
  'an area of an image': '<map><area href=/clip.mp4></map>',
  'a frame of a frameset': '<frameset><frame src=/frame></frameset>',
  'an object that is a page': '<object type=text/html data=/frame></object>',
  'an embedded page': '<embed src=/frame>',
  'a link for those who share it': '<link rel=video_src href=/clip.mp4>',
  'an alternate of a video type': '<link rel=alternate type=video/mp4 href=/clip.mp4>',
  'an element of Vidstack': '<media-player src=/clip.mp4></media-player>',
  'a program that is given a name': '<a href="/get?file=clip.mp4">Get</a>',
  'an attribute of any name': '<div data-hd-source="/clip.mp4"></div>',
  'an attribute of any name that has JSON': `<div data-any='{"sources":[{"src":"/clip.mp4"}]}'></div>`,
  'a player whose address is the page itself': '<video src="#" data-src="/clip.mp4"></video>',
  'an event of any name': `<body onload="location.href='/clip.mp4'">`,
  'a link to a script': `<a href="javascript:play('/clip.mp4')">Play</a>`,
  'a frame that is told what to play': '<iframe src="/nothing?file=/clip.mp4"></iframe>',
  'a player that plays no more': '<embed src=/p.swf flashvars="file=/clip.mp4&amp;a=1">',
  'its parameters': '<object data=/p.swf><param name=flashvars value="file=%2Fclip.mp4"></object>',
  'a type before its address': `<meta property=og:video:type content=text/html><meta property=og:video content=/frame>`,
  'two addresses of one page': `<meta property=og:video:url content=/frame><meta property=og:video:secure_url content=/frame><meta property=og:video:type content=text/html>`,
  'a shared page without a type': '<meta property=og:video content=/frame>',
  'a shared player that plays no more': `<meta property=og:video content=/x.swf><meta property=og:video:type content=application/x-shockwave-flash><meta property=og:video content=/clip.mp4>`,
  'a string with coded quotes': String.raw`<script>f('{\x22a\x22:\x22\/clip.mp4\x22}')</script>`,
  'a string with quotes as entities':
    '<script type=text/x-json>{&quot;src&quot;:&quot;/clip.mp4&quot;}</script>',
  'a string that is escaped thrice': String.raw`<script>a="{\\\"u\\\":\\\"/clip.mp4\\\"}"</script>`,
  'a script that has quotes in a pattern': `<script>s.replace(/"/g,'').x("/clip.mp4")</script>`,
  'structured data of a film':
    '<script type=application/ld+json>{"@type":"Movie","contentUrl":"/clip.mp4"}</script>',
  'structured data with a prefix':
    '<script type=application/ld+json>{"@type":"schema:VideoObject","contentURL":"/clip.mp4"}</script>',
  'structured data whose media is an object':
    '<script type=application/ld+json>{"@type":"VideoObject","contentUrl":{"@id":"/clip.mp4"}}</script>',
  'structured data without an address of media':
    '<script type=application/ld+json>{"@type":"VideoObject","contentUrl":"","embedUrl":"/frame"}</script>',
  'microdata of a player': '<p itemtype=https://schema.org/VideoObject><link itemprop=embedUrl href=/frame>',
  RDFa: '<p vocab=https://schema.org/ typeof=VideoObject><link property=contentUrl href=/clip.mp4>',
  'a preloaded file without a kind': '<link rel=preload as=fetch href=/clip.mp4>',
  'an enclosure': '<link rel=enclosure href=/clip.mp4>',
  'a source without a player': '<div><source src=/clip.mp4></div>',
  "a site's own element": '<my-player src=/clip.mp4></my-player>',
  'a film as a picture': '<img src="/clip.mp4?a=1&amp;b=2">',
  'a link with a session': '<a href="/clip.mp4;jsessionid=1">Get</a>',
  'a link to be saved': '<a href=/get download>Get</a>',
};
for (const [index, [what, html]] of Object.entries(PAGES).entries()) {
  test(`${what} leads to the media`, async () => {
    const url = origin.serve(`/page-${index}`, response(HTML, html));
    const { state, body, message } = await kit.download(url);
    assert.equal([state, body.toString()], ['complete', 'clip'], message);
  });
}

test('what plays no more, a picture and a shared address of another site are none', async () => {
  for (const html of [
    '<embed src=/player.swf>',
    '<object data=/drawing.svg></object>',
    '<div data-url="/words"></div>',
    '<a href="https://share.example/?u=clip.mp4">Share</a>',
    '<a href="/share?u=https%3A%2F%2Fa.example%2Fclip.mp4">Share</a>',
  ])
    assert.is(await kit.list(origin.serve('/none', response(HTML, html))), 'no_media', html);
  assert.is(origin.requestsFor('/player.swf').length, 0);
});

test.run();
