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
  ['RSS in UTF-16', 'text/xml', Buffer.from(`\ufeff${rss(EPISODES)}`, 'utf16le')],
  ['JSON Feed in UTF-16', 'application/octet-stream', Buffer.from(`\ufeff${JSON_FEED}`, 'utf16le').swap16()],
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
    const signal = new AbortController().signal;
    assert.is((await kit.registry.parse({ url, engine: null, signal })).title, 'A cast');
    const [, second] = typeof items === 'string' ? [] : items;
    const saved = await kit.download(second?.url ?? '', { streamId: second?.streams[0]?.id ?? null });
    assert.equal([saved.state, saved.name, saved.body.toString()], ['complete', 'Second.mp4', 'low']);
  });
}

/** Of each episode: its length in s, and its size. */
async function numbersOf(type: string, text: string): Promise<(number | null)[][]> {
  const items = await kit.list(serve(response(`Content-Type: ${type}`, text)));
  if (typeof items === 'string') throw new Error(items);
  return items.map(({ durationSeconds = null, streams: [stream] }) => {
    assert.is(stream?.bytes, null);
    return [durationSeconds, stream?.estimatedBytes ?? null];
  });
}

const enclosure = (length: string, more = ''): string =>
  `<item>${more}<enclosure url="/clip.mp4?${Math.random()}" type="video/mp4" length="${length}"/></item>`;

test('sizes and lengths of episodes are listed as a feed says them, and not what is none', async () => {
  const lengths = ['3723', '1:02:03', ' 62:03 ', '07:05.5', '0', 'an hour', '1:2:3:4', '99999999'];
  const items = lengths.map((each) => enclosure('4', `<itunes:duration>${each}</itunes:duration>`));
  assert.equal(
    (await numbersOf('application/rss+xml', rss(items.join('')))).map(([seconds]) => seconds),
    [3723, 3723, 3723, 425.5, null, null, null, null],
  );
  const sizes = ['12345678', ' 5 ', '0', '-1', '1e3', '', '123456789012345678'];
  assert.equal(
    (await numbersOf('application/rss+xml', rss(sizes.map((each) => enclosure(each)).join('')))).map(
      ([, bytes]) => bytes,
    ),
    [12345678, 5, null, null, null, null, null],
  );
  const media =
    '<item><media:content url="/low.mp4" type="video/mp4" fileSize="9" duration="61" length="8"/></item>';
  assert.equal(await numbersOf('text/xml', rss(media)), [[61, 9]]);
  const atom = '<feed><entry><link rel="enclosure" href="/low.mp4" length="7"/></entry></feed>';
  assert.equal(await numbersOf('application/atom+xml', atom), [[null, 7]]);
});

test('the channel has no length, and an episode the first that is said of it', async () => {
  const of = (seconds: number): string => `<itunes:duration>${seconds}</itunes:duration>`;
  const item = `<item><title>E</title><media:group>${of(1)}</media:group>${of(5)}${of(6)}<enclosure url="/clip.mp4"/></item>`;
  assert.equal(await numbersOf('text/xml', rss(of(9) + item)), [[5, null]]);
});

test('a JSON Feed says both of each attachment', async () => {
  const attachments = [{ url: '/clip.mp4', size_in_bytes: 12345, duration_in_seconds: 6.5 }];
  const odd = [{ url: '/low.mp4', size_in_bytes: 1.5, duration_in_seconds: -1 }];
  const feed = { version: 'https://jsonfeed.org/version/1', items: [{ attachments }, { attachments: odd }] };
  assert.equal(await numbersOf('application/feed+json', JSON.stringify(feed)), [
    [6.5, 12345],
    [null, null],
  ]);
});

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
