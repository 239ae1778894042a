/**
 * Long lists, by the real yt-dlp. What the page makes of them is in `tests/e2e/page-lists.test.ts`, and lists of lists are in
 * `tests/long/yt-dlp-lists.test.ts`.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readCursor, writeCursor } from '#lib/annie/yt-dlp/list-cursor.ts';
import { feed, startFeeds } from '../../site/feeds.ts';
import { testUnless } from '../../support/skip.ts';
import { reason, withEngine } from './fixture.ts';
import { pagesOf } from './list-pages.ts';

const site = await startFeeds();
test.after(() => site.close());

testUnless(test, reason, 'a list of 230 is two pages, with its count, every entry once and in order', () =>
  withEngine(async ({ engine }) => {
    site.feeds.set('/long.xml', feed(230));
    const pages = await pagesOf(engine, `${site.url}/long.xml`);
    assert.equal(
      pages.map(({ items, total, truncated }) => [items.length, total, truncated]),
      [
        [200, 230, undefined],
        [30, 230, undefined],
      ],
    );
    const titles = pages.flatMap(({ items }) => items.map(({ title }) => title));
    assert.equal(
      titles,
      Array.from({ length: 230 }, (_, index) => `Episode ${index + 1}`),
    );
  }),
);

test('a cursor holds the lists that are left, and one that a client changed is refused', () => {
  const lists = [
    { url: 'https://a.example/videos', from: 201, level: 1 },
    { url: 'https://a.example/shorts', from: 1, level: 1 },
  ];
  const { next, truncated } = writeCursor(lists);
  assert.is(truncated, false);
  assert.equal(readCursor(next ?? ''), lists);
  const forged = (json: unknown) => Buffer.from(JSON.stringify(json)).toString('base64url');
  for (const [cursor, code] of [
    ['', 'invalid_cursor'],
    ['x', 'invalid_cursor'],
    [forged([]), 'invalid_cursor'],
    [forged([['https://a.example/', 1, 9]]), 'invalid_cursor'],
    [forged([['https://a.example/', 1e9, 0]]), 'invalid_cursor'],
    [forged([['https://a.example/', 1, 0, 'x']]), 'invalid_cursor'],
    [forged([['file:///etc/passwd', 1, 0]]), 'unsupported_scheme'],
    [forged([['--exec', 1, 0]]), 'invalid_url'],
  ] as const) {
    try {
      readCursor(cursor);
      assert.unreachable(cursor);
    } catch (thrown) {
      assert.is((thrown as { code?: string }).code, code, cursor);
    }
  }
});

test('a list past 5,000 entries, past three levels, or one of too many lists is truncated', () => {
  const list = (from: number, level: number) => ({ url: 'https://a.example/', from, level });
  assert.equal(writeCursor([]), { next: null, truncated: false });
  assert.equal(writeCursor([list(5001, 0)]), { next: null, truncated: true });
  assert.equal(writeCursor([list(1, 4)]), { next: null, truncated: true });
  assert.is(writeCursor([list(4801, 0)]).truncated, false);
  const many = writeCursor(Array.from({ length: 60 }, () => list(1, 1)));
  assert.is(many.truncated, true);
  assert.is(readCursor(many.next ?? '').length, 50);
  const long = Array.from({ length: 50 }, () => ({
    ...list(1, 1),
    url: `https://a.example/${'x'.repeat(900)}`,
  }));
  const { next, truncated } = writeCursor(long);
  assert.ok(truncated && (next ?? '').length <= 12_000);
});

test.run();
