/** What a page lists of its players, and of those in its frames. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpClient } from '#lib/annie/http/client/client.server.ts';
import { follow } from '#lib/annie/http/page/follow.server.ts';
import type { PageScan } from '#lib/foreign/page/scan.ts';
import { openGuard } from '../annie/http/kit.ts';
import { readers } from '../support/readers.ts';
import { response } from './origin.ts';
import { openWildKit } from './outcome.ts';

const kit = await openWildKit();
const { origin } = kit;
const page = (html: string): Buffer => response('Content-Type: text/html', html);
for (const [name, type] of [
  ['clip.mp4', 'video/mp4'],
  ['low.mp4', 'video/mp4'],
  ['clip.webm', 'video/webm'],
] as const)
  origin.serve(`/${name}`, response(`Content-Type: ${type}`, name));

let pages = 0;
const serve = (html: Buffer): string => origin.serve(`/page-${++pages}`, html);

test('sources of a player that have one label are told apart', async () => {
  const html =
    '<video><source src=/clip.mp4 label=HD><source src=/low.mp4 label=HD><source src=/clip.webm label=HD></video>';
  const items = await kit.list(serve(page(html)));
  assert.equal(typeof items === 'string' ? items : items[0]?.streams.map(({ quality }) => quality), [
    'HD · mp4',
    'HD · mp4 (2)',
    'HD · webm',
  ]);
});

test('the frames of a page are listed as one page: each address once, and no more than of any', async () => {
  const client = new HttpClient({ guard: openGuard(), stallMs: 10_000, headTimeoutMs: 10_000 });
  const look = async (html: string): Promise<PageScan | null> => {
    const lead = await follow(serve(page(html)), { client, readers }, new AbortController().signal);
    return lead.scan;
  };
  try {
    origin.serve('/player', page('<video src=/clip.mp4></video>'));
    origin.serve('/player-2', page('<video src=/clip.mp4></video><video src=/low.mp4></video>'));
    const twice = await look('<iframe src=/player></iframe><iframe src=/player-2></iframe>');
    assert.equal(
      twice?.groups.map(({ sources }) => sources.map(({ url }) => new URL(url).pathname)),
      [['/clip.mp4'], ['/low.mp4']],
    );
    assert.is(twice?.truncated, false);
    const links = (from: number, count: number): string =>
      Array.from({ length: count }, (_, i) => `<a href=${from + i}.mp4></a>`).join('');
    for (let frame = 0; frame < 4; frame++) origin.serve(`/many-${frame}`, page(links(frame * 1000, 400)));
    const frames = '<iframe src=/many-0></iframe><iframe src=/many-1></iframe>';
    const many = await look(`${frames}<iframe src=/many-2></iframe><iframe src=/many-3></iframe>`);
    assert.equal([many?.groups.length, many?.truncated], [500, true]);
    origin.serve('/long', page(links(0, 501) + links(0, 1)));
    assert.is((await look('<iframe src=/long></iframe>'))?.truncated, true);
  } finally {
    await client.close();
  }
});

test.after(async () => {
  await kit.close();
});

test.run();
