/** Lists of real yt-dlp on the page: long ones, lists of lists, entries twice or without ids, and those that cannot be had. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withChannel } from '../annie/yt-dlp/with-channel.ts';
import { feed, type Feeds, startFeeds } from '../site/feeds.ts';
import { axeFindings, launchBrowser } from '../support/browser.ts';
import { pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { makePlace, startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';

const reason = pageMissing ?? ytDlpMissing();
const place = makePlace();
let site: Feeds;
let server: TestServer;
let browser: Browser;

test.before(async () => {
  if (reason !== null) return;
  // A yt-dlp on PATH counts only if there is no installed one.
  rmSync(join(place.dataDir, 'engines'), { force: true });
  const { path } = await withChannel(place.dir);
  site = await startFeeds();
  server = await startServer({ place, env: { SLUICE_ENGINES: 'yt-dlp', PATH: path } });
  browser = await launchBrowser();
});
test.after(async () => {
  if (reason === null) {
    await browser.close();
    await server.stop();
    await site.close();
  }
  place.remove();
});

testUnless(
  test,
  reason,
  'a long list says how long it is, and more of it is loaded when asked, by keyboard',
  async () => {
    site.feeds.set('/long.xml', feed(230));
    const visit = await Visit.open(browser, server.url);
    const card = await visit.lookUp(`${site.url}/long.xml`);
    const items = card.getByTestId('lookup-item');
    await card.getByRole('status').getByText('200 of 230 items').waitFor();
    assert.is(await items.count(), 25);
    await visit.shot('2-a long list');
    const more = card.getByTestId('show-more');
    await more.focus();
    for (const shown of [125, 225]) {
      await more.press('Enter');
      await waitFor(async () => (await items.count()) === shown);
      assert.ok(await more.evaluate((element) => element === document.activeElement), `${shown} are shown`);
    }
    await card.getByRole('status').getByText('230 items').waitFor();
    await more.press('Enter');
    await waitFor(async () => (await items.count()) === 230);
    assert.is(await more.count(), 0);
    // The button is gone: the first of the last ones has the focus.
    const focused = await visit.page.evaluate(() => document.activeElement?.getAttribute('aria-label'));
    assert.is(focused, 'Select Episode 226');
    assert.equal(visit.errors, []);
    await visit.close();
  },
);

testUnless(
  test,
  reason,
  'a feed whose entries are one video without ids is listed, each entry for itself',
  async () => {
    site.feeds.set('/twice.xml', feed(3, { link: () => '{base}/same.mp4', guid: () => null }));
    const visit = await Visit.open(browser, server.url);
    const card = await visit.lookUp(`${site.url}/twice.xml`);
    const boxes = card.getByTestId('lookup-item').getByRole('checkbox');
    assert.is(await boxes.count(), 3);
    await boxes.nth(1).check();
    assert.equal([await boxes.nth(0).isChecked(), await boxes.nth(2).isChecked()], [false, false]);
    assert.is(await card.getAttribute('aria-busy'), 'false');
    assert.equal(visit.errors, []);
    await visit.close();
  },
);

const options = { viewport: { width: 320, height: 640 }, hasTouch: true };

testUnless(
  test,
  reason,
  'entries that cannot be had say why, and are not part of "all", on a phone',
  async () => {
    const visit = await Visit.open(browser, server.url, options);
    const card = await visit.lookUp(`${site.url}/channel/odd`);
    await card.getByRole('status').getByText('7 items · 5 cannot be downloaded').waitFor();
    const codes = await card
      .getByTestId('unavailable')
      .evaluateAll((all) => all.map((each) => (each as HTMLElement).dataset['code']));
    assert.equal(codes, ['live_stream', 'login_required', 'remote_not_found', 'members_only', 'live_stream']);
    await visit.shot(`2-entries that cannot be had on a phone`);
    assert.equal(await axeFindings(visit.page), []);
    const overflow = await visit.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.ok(overflow <= 0, `${overflow} px are wider than the screen`);
    await card.getByRole('checkbox', { name: 'Select all' }).check();
    assert.equal(
      await card
        .getByTestId('download-many')
        .textContent()
        .then((text) => text?.trim()),
      'Download 2 selected',
    );
    await card.getByRole('checkbox', { name: 'Select all' }).uncheck();
    await card.getByTestId('download-many').click();
    await visit.waitForState('good 1', 'complete');
    await visit.waitForState('good 6', 'complete');
    assert.is(await visit.page.getByTestId('download').count(), 2);
    // Their own pages call them good-1 and good-6.
    const names = readdirSync(place.downloadDir).filter((name) => name.endsWith('.mp4'));
    assert.equal(names.sort(), ['good 1.mp4', 'good 6.mp4']);
    assert.equal(visit.errors, []);
    await visit.close();
  },
);

// The last: its downloads go on until the server stops.
testUnless(
  test,
  reason,
  '"Download all" takes what is not shown and not loaded yet, and a video once',
  async () => {
    site.feeds.set(
      '/all.xml',
      feed(205, { link: (n) => `{base}/part-${Math.min(n, 204)}.mp4`, guid: () => null }),
    );
    const visit = await Visit.open(browser, server.url);
    const card = await visit.lookUp(`${site.url}/all.xml`);
    await card.getByTestId('download-many').click();
    await visit.page.getByText('204 downloads added').first().waitFor();
    assert.equal(visit.errors, []);
    await visit.close();
  },
);

test.run();
