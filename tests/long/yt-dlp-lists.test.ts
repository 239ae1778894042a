/** A channel with tabs and lists, by the real yt-dlp. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { reason, withEngine } from '../annie/yt-dlp/fixture.ts';
import { pagesOf } from '../annie/yt-dlp/list-pages.ts';
import { withChannel } from '../annie/yt-dlp/with-channel.ts';
import { startFeeds } from '../site/feeds.ts';
import { testUnless } from '../support/skip.ts';

const site = await startFeeds();
test.after(() => site.close());

testUnless(test, reason, 'the tabs of a channel are listed as their videos, page by page', () =>
  withEngine(async ({ make, dir }) => {
    const pages = await pagesOf(make(await withChannel(dir)), `${site.url}/channel`);
    const titles = pages.flatMap(({ items }) => items.map(({ title }) => title));
    const numbered = (name: string, count: number): string[] =>
      Array.from({ length: count }, (_, index) => `${name} ${index + 1}`);
    assert.equal(titles, [...numbered('videos', 230), ...numbered('shorts', 3)]);
    assert.is(pages[0]?.total, undefined);
    assert.ok(pages.every(({ items, truncated }) => items.length > 0 && items.length <= 200 && !truncated));
  }),
);

testUnless(test, reason, 'the lists of a channel are opened, and one that is private is marked', () =>
  withEngine(async ({ make, dir }) => {
    const pages = await pagesOf(make(await withChannel(dir)), `${site.url}/channel/playlists`);
    const found = pages.flatMap(({ items }) => items.map(({ title, unavailable }) => unavailable ?? title));
    assert.equal(found, [
      'list-1 1',
      'list-1 2',
      'list-1 3',
      'login_required',
      'list-2 1',
      'list-2 2',
      'list-2 3',
    ]);
  }),
);

test.run();
