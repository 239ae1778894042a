/** A page can be saved as itself, if somebody asks: it is offered beside what is found on it, and where nothing is. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { SluiceError } from '#lib/protocol/error.ts';
import type { PageItself } from '#lib/protocol/page-itself.ts';
import { settles } from '../support/wait.ts';
import { response } from './origin.ts';
import { openWildKit } from './outcome.ts';

const kit = await openWildKit();
const { origin } = kit;
const { signal } = new AbortController();
origin.serve('/clip.mp4', response('Content-Type: video/mp4', 'clip'));

interface Offer {
  titles: string[] | string;
  page: PageItself | null;
}

async function offered(url: string): Promise<Offer> {
  try {
    const { items, page = null } = await settles(kit.registry.parse({ url, engine: null, signal }));
    return { titles: items.map(({ title }) => title), page };
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    return { titles: thrown.code, page: thrown.page };
  }
}

const EMPTY = '<title>Words &amp; more</title>Nothing to see.';
const FULL = '<title>A film</title><video src=/clip.mp4></video>';

for (const [what, path, html, titles, title] of [
  ['with nothing on it', '/words', EMPTY, 'no_media', 'Words & more'],
  ['with a video', '/film.php?id=1', FULL, ['A film'], 'A film'],
] as const) {
  test(`a page ${what} is offered as itself, with its size, and is no item`, async () => {
    const url = origin.url + path;
    origin.serve(path.split('?')[0] ?? '', response('Content-Type: text/html; charset=utf-8', html));
    const found = await offered(url);
    assert.equal(found, { titles, page: { url, title, ext: 'html', bytes: html.length } });
    const saved = await kit.download(url, { streamId: 'page', engine: 'http' });
    assert.equal([saved.state, saved.body.toString()], ['complete', html]);
    assert.match(saved.name, /^(words|film)\.html$/);
  });
}

test('a page that leads on is offered where it ends', async () => {
  origin.serve('/end', response('Content-Type: text/html', EMPTY));
  const refresh = '<meta http-equiv=refresh content="0; url=/end">';
  const { page } = await offered(origin.serve('/start', response('Content-Type: text/html', refresh)));
  assert.is(page?.url, `${origin.url}/end`);
});

test('a feed is offered as itself beside its episodes, and saved with its own extension', async () => {
  const feed = `<rss version="2.0"><channel><title>A cast</title><item><enclosure url="/clip.mp4"/></item></channel></rss>`;
  const url = origin.serve('/cast', response('Content-Type: application/rss+xml', feed));
  const { titles, page } = await offered(url);
  assert.equal([titles, page?.bytes], [['A cast'], feed.length]);
  const saved = await kit.download(url, { streamId: 'page', engine: 'http' });
  assert.equal([saved.state, saved.body.toString(), saved.name], ['complete', feed, `cast.${page?.ext}`]);
});

test('a file is not offered as a page', async () => {
  assert.is((await offered(`${origin.url}/clip.mp4`)).page, null);
});

test.after(async () => {
  await kit.close();
});

test.run();
