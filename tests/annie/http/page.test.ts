import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import type { MediaItem } from '#lib/protocol/media.ts';
import { sha256Of } from '../../site/content.ts';
import { mediaMissing } from '../../site/media.ts';
import { startSite } from '../../site/site.ts';
import { readers } from '../../support/readers.ts';
import { testUnless } from '../../support/skip.ts';
import { settles } from '../../support/wait.ts';
import { codeOf, freshDir, hashOf, jobFor, openGuard, removeDirs } from './kit.ts';

const site = await startSite();
const engine = new HttpEngine({ guard: openGuard(), readers, stallMs: 10_000 });
const signal = new AbortController().signal;

const parse = async (path: string): Promise<MediaItem[]> =>
  (await settles(engine.parse({ url: site.url + path, signal }))).items;

async function downloaded(url: string, streamId: string | null): Promise<{ hash: string; name: string }> {
  const result = await settles(engine.download(jobFor(url, await freshDir(), { streamId })));
  return { hash: await hashOf(result.path), name: result.suggestedName };
}

test('a page with a player, a source and a link gives three items with titles, types and sizes', async () => {
  const items = await parse('/page/three');
  assert.equal(
    items.map(({ title, site: name, type, streams }) => [
      title,
      name,
      type,
      streams[0]?.bytes,
      streams[0]?.ext,
    ]),
    [
      ['Clip one', 'Clip Club', 'video', 300_000, 'mp4'],
      ['Clip two', 'Clip Club', 'video', 400_000, 'mp4'],
      ['Clip three', 'Clip Club', 'video', 500_000, 'webm'],
    ],
  );
  for (const [i, item] of items.entries()) {
    const { hash } = await downloaded(item.url, item.streams[0]?.id ?? null);
    assert.is(hash, sha256Of(11 + i, [300_000, 400_000, 500_000][i] ?? 0));
  }
});

test('several sources of one player are streams of one item, the largest picture the default', async () => {
  const [item, ...others] = await parse('/page/sources');
  assert.is(others.length, 0);
  assert.is(item?.title, 'One film, two sizes');
  assert.equal(
    item?.streams.map(({ quality, bytes, isDefault }) => [quality, bytes, isDefault]),
    [
      ['720p', 600_000, true],
      ['360p', 200_000, false],
    ],
  );
  const low = await downloaded(item?.url ?? '', item?.streams[1]?.id ?? null);
  assert.equal(low, { hash: sha256Of(22, 200_000), name: 'One film, two sizes.mp4' });
  const best = await downloaded(item?.url ?? '', null);
  assert.is(best.hash, sha256Of(21, 600_000));
  assert.is(await codeOf(downloaded(item?.url ?? '', 's-gone')), 'stream_not_found');
});

test('a player, og:video and twitter:player:stream for one address are one item with the og title', async () => {
  const items = await parse('/page/og');
  assert.is(items.length, 1);
  assert.is(items[0]?.title, 'The og title');
});

test('structured data is found in graphs and lists, broken data is skipped', async () => {
  const items = await parse('/page/json-ld');
  assert.equal(
    items.map(({ title, type }) => [title, type]),
    [
      ['From the graph', 'video'],
      ['A song', 'audio'],
    ],
  );
});

test('a gallery of 140 players is listed whole', async () => {
  const { items, truncated } = await settles(engine.parse({ url: `${site.url}/page/gallery`, signal }));
  assert.is(items.length, 140);
  assert.is(truncated, undefined);
});

test('a page with more than 500 players lists 500, and is truncated', async () => {
  const patient = new HttpEngine({ guard: openGuard(), readers, listMs: Infinity });
  const { items, truncated } = await settles(patient.parse({ url: `${site.url}/page/endless`, signal }));
  await patient.close();
  assert.is(items.length, 500);
  assert.is(items[499]?.title, 'Film 499');
  assert.is(truncated, true);
});

test('a page whose players take too long is listed in part', async () => {
  const hasty = new HttpEngine({ guard: openGuard(), readers, listMs: 0 });
  const { items, truncated } = await settles(hasty.parse({ url: `${site.url}/page/gallery`, signal }));
  await hasty.close();
  assert.equal(
    items.map(({ title }) => title),
    ['Film 0', 'Film 1', 'Film 2', 'Film 3'],
  );
  assert.is(truncated, true);
});

test('base href is respected', async () => {
  const [item] = await parse('/page/base');
  assert.is(item?.url, `${site.url}/file/based.mp3?size=5000&seed=51&type=audio/mpeg`);
  assert.is(item?.type, 'audio');
});

test('a hostile page gives its one harmless item, and no private address is connected to', async () => {
  const items = await parse('/page/hostile');
  assert.equal(
    items.map(({ url }) => url),
    [`${site.url}/file/h.mp4?size=1000&seed=61&type=video/mp4`],
  );
});

test('a page without media, or with dead links only, is no_media, parsed and downloaded', async () => {
  assert.is(await codeOf(parse('/page/empty')), 'no_media');
  assert.is(await codeOf(parse('/page/dead-links')), 'no_media');
  assert.is(await codeOf(downloaded(`${site.url}/page/empty`, null)), 'no_media');
});

testUnless(test, mediaMissing, 'an HLS source of a page is an item with its variants', async () => {
  const [item] = await parse('/page/hls');
  assert.is(item?.url, `${site.url}/media/ts/master.m3u8`);
  assert.is(item?.title, 'Streamed');
  assert.equal(
    item?.streams.map(({ quality }) => quality),
    ['360p', '180p'],
  );
});

test('one request distinguishes files, manifests and pages', async () => {
  const kind = async (path: string): Promise<string> => {
    const found = await engine.classify(site.url + path, signal);
    return found.kind === 'manifest' ? found.format : found.kind;
  };
  const text = (type: string, body: string): string => `/text?type=${type}&body=${encodeURIComponent(body)}`;
  assert.is(await kind('/file/x.bin?size=5000'), 'file');
  assert.is(await kind('/file/x.bin?size=0'), 'file');
  assert.is(await kind('/page/empty'), 'page');
  assert.is(await kind(text('text/plain', '#EXTM3U\n#EXTINF:1,\na.ts')), 'hls');
  assert.is(await kind(text('application/vnd.apple.mpegurl', '\ufeff#EXTM3U')), 'hls');
  assert.is(await kind(text('application/dash%2Bxml', '<?xml version="1.0"?><MPD xmlns="x">')), 'dash');
  assert.is(await kind(text('text/xml', '<?xml version="1.0"?>\n<MPD>')), 'dash');
  assert.is(await kind(text('text/plain', 'words')), 'file');
});

test('a DASH manifest is left to the other engines', async () => {
  const url = `${site.url}/text?type=application/dash%2Bxml&body=<MPD>`;
  assert.is(await engine.supports(new URL(url), { kind: 'manifest', format: 'dash' }), 'no');
  assert.is(await codeOf(engine.parse({ url, signal })), 'unsupported_url');
});

test.after(async () => {
  await engine.close();
  await site.close();
  await removeDirs();
});

test.run();
