/** Podcasts: their episodes are listed, and saved under their titles. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { response } from './origin.ts';
import { openWildKit } from './outcome.ts';

const kit = await openWildKit();
const { origin } = kit;
origin.serve('/clip.mp4', response('Content-Type: video/mp4', 'clip'));
origin.serve('/low.mp4', response('Content-Type: video/mp4', 'low'));

let feeds = 0;
const serve = (answer: Buffer): string => origin.serve(`/feed-${++feeds}`, answer);

const rss = (items: string, head = '<?xml version="1.0"?>'): string =>
  `${head}<rss version="2.0" xmlns:media="http://search.yahoo.com/mrss/"><channel><title>A cast</title>` +
  `<image><title>Picture</title></image>${items}</channel></rss>`;
const EPISODES =
  `<item><title>First &amp; best</title><enclosure url="${origin.url}/clip.mp4" type="video/mp4" length="4"/></item>` +
  `<item><title><![CDATA[Second]]></title><enclosure url="/low.mp4" type="video/mp4"/></item>` +
  `<item><title>No episode</title><enclosure url="/cover.jpg" type="image/jpeg"/></item>`;

/** https://www.jsonfeed.org/version/1.1/ */
const JSON_FEED = JSON.stringify({
  version: 'https://jsonfeed.org/version/1.1',
  title: 'A cast',
  items: [
    {
      id: '1',
      title: 'First & best',
      attachments: [{ url: `${origin.url}/clip.mp4`, mime_type: 'video/mp4', size_in_bytes: 4 }],
    },
    {
      id: '2',
      title: 'Second',
      attachments: [
        { url: '/cover.jpg', mime_type: 'image/jpeg' },
        { url: '/low.mp4', mime_type: 'video/mp4' },
      ],
    },
    { id: '3', title: 'No episode', content_text: 'Words.' },
  ],
});

for (const [what, type, text] of [
  ['RSS', 'application/rss+xml', rss(EPISODES)],
  [
    'RSS as XML',
    'text/xml; charset=utf-8',
    rss(EPISODES, '\ufeff<?xml version="1.0"?>\n<!-- made by hand -->\n'),
  ],
  ['RSS with media:content', 'application/xml', rss(EPISODES.replaceAll('enclosure', 'media:content'))],
  [
    'Atom',
    'application/atom+xml',
    '<feed xmlns="http://www.w3.org/2005/Atom"><title>A cast</title><entry><title>First &amp; best</title>' +
      '<link rel="alternate" href="/words"/><link rel="enclosure" href="/clip.mp4" type="video/mp4"/></entry>' +
      '<entry><link rel="enclosure" href="/low.mp4"/><title type="html"><![CDATA[Second]]></title></entry></feed>',
  ],
  ['JSON Feed', 'application/feed+json', JSON_FEED],
  ['JSON Feed as JSON', 'application/json; charset=utf-8', JSON_FEED],
  ['JSON Feed as text, with escaped slashes', 'text/plain', JSON_FEED.replaceAll('/', '\\/')],
] as const) {
  test(`the episodes of a feed (${what}) are listed, and saved under their titles`, async () => {
    const url = serve(response(`Content-Type: ${type}`, text));
    const items = await kit.list(url);
    assert.equal(await kit.titlesOf(url), ['First & best', 'Second']);
    const [, second] = typeof items === 'string' ? [] : items;
    const saved = await kit.download(second?.url ?? '', { streamId: second?.streams[0]?.id ?? null });
    assert.equal([saved.state, saved.name, saved.body.toString()], ['complete', 'Second.mp4', 'low']);
  });
}

test('JSON that is no feed is a file', async () => {
  const text = '{"title":"See https://jsonfeed.example/version/1","items":[]}';
  const url = origin.serve('/data.json', response('Content-Type: application/json', text));
  const saved = await kit.download(url);
  assert.equal([saved.state, saved.name, saved.body.toString()], ['complete', 'data.json', text]);
});

test('a feed in another charset is read in it, and one without episodes is saved as itself', async () => {
  const head = '<?xml version="1.0" encoding="gbk"?>';
  const gbk = rss('<item><title>\xcf\xc2\xd4\xd8</title><enclosure url="/clip.mp4"/></item>', head);
  assert.equal(await kit.titlesOf(serve(response('Content-Type: text/xml', Buffer.from(gbk, 'latin1')))), [
    '下载',
  ]);
  const words = rss('<item><title>Words</title></item>');
  const saved = await kit.download(serve(response('Content-Type: application/rss+xml', words)));
  assert.equal([saved.state, saved.body.toString()], ['complete', words]);
});

test.after(async () => {
  await kit.close();
});

test.run();
