/** Time travel on the inspector's page: what changes, and what does not. */
import type { Browser, Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { launchBrowser } from '../support/browser.ts';
import { download, play, transition, whole } from '../support/inspector-played.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { missing } from '../support/tools.ts';

const reason = missing('chromium');
let server: TestServer;
let browser: Browser;

test.before(async () => {
  if (reason !== null) return;
  server = await startServer({ env: { SLUICE_INSPECTOR: '1' } });
  browser = await launchBrowser();
});
test.after(async () => {
  if (reason !== null) return;
  await browser.close();
  await server.stop();
});

const row = { receivedBytes: 400, totalBytes: 1000, percent: 40 };

/** Opens a download with four moments: only the state of the first one is known, the row of the others too. */
async function looking(options: Parameters<typeof play>[2] = {}): Promise<Page> {
  const { page, say } = await play(browser, server.url, options);
  const actor = { ...download(1), percent: 39 };
  say(whole([actor]));
  await page.getByTestId('actor').filter({ hasText: actor.title }).click();
  say(whole([actor]));
  say({
    type: 'log',
    dropped: 0,
    entries: [
      transition(1, 'queued.held'),
      transition(2, 'parse', { receivedBytes: 0 }),
      transition(3, 'download.throttle', row),
      transition(4, 'download.live', row),
    ],
  });
  await page.locator('[data-testid="chart"][data-value="download.live"]').waitFor();
  // The tree alone says so too. The row is there once the page has read the log.
  await page.getByTestId('percent').filter({ hasText: '40' }).waitFor();
  return page;
}

for (const [name, viewport] of [
  ['on a wide screen', { width: 1440, height: 1000 }],
  ['on a phone', { width: 390, height: 844 }],
] as const) {
  testUnless(test, reason, `the chart does not move during time travel, ${name}`, async () => {
    const page = await looking({ viewport });
    const places = new Set([await topOf(page)]);
    for (const value of ['download.throttle', 'parse', 'queued.held']) {
      await page.getByTestId('step-before').click();
      await page.locator(`[data-testid="chart"][data-value="${value}"]`).waitFor();
      places.add(await topOf(page));
    }
    await page.getByTestId('back-to-live').click();
    await page.getByTestId('past').waitFor({ state: 'hidden' });
    places.add(await topOf(page));
    assert.is(places.size, 1, [...places].join(', '));
    await page.context().close();
  });
}

testUnless(test, reason, 'in the past nothing of the present is shown', async () => {
  const page = await looking();
  await page.getByTestId('facts').waitFor();
  await page.getByTestId('step-before').click();
  await page.getByTestId('past').waitFor();
  await page.getByTestId('facts').waitFor({ state: 'hidden' });
  await page.getByTestId('back-to-live').click();
  await page.getByTestId('facts').waitFor();
  await page.context().close();
});

testUnless(test, reason, 'the progress of a running download is shown in one place', async () => {
  const page = await looking();
  await page.getByTestId('percent').filter({ hasText: '40' }).waitFor();
  assert.not.match((await page.getByTestId('facts').textContent()) ?? '', /%/);
  await page.context().close();
});

testUnless(
  test,
  reason,
  'time travel with the keyboard keeps the focus at both ends, and back to live',
  async () => {
    const page = await looking();
    const hasFocus = (testid: string): Promise<boolean> =>
      page.getByTestId(testid).evaluate((element) => element === document.activeElement);
    const shows = (value: string): Promise<void> =>
      page.locator(`[data-testid="chart"][data-value="${value}"]`).waitFor();
    await page.getByTestId('turn-before').focus();
    for (const value of ['download.throttle', 'parse', 'queued.held']) {
      await page.keyboard.press('Enter');
      await shows(value);
    }
    await page.getByTestId('turn-before').and(page.locator('[aria-disabled="true"]')).waitFor();
    assert.ok(await hasFocus('turn-before'));
    await page.getByTestId('turn-after').focus();
    for (const value of ['parse', 'download.throttle', 'download.live']) {
      await page.keyboard.press('Enter');
      await shows(value);
    }
    await page.getByTestId('past').waitFor({ state: 'hidden' });
    assert.ok(await hasFocus('turn-after'));
    await page.getByTestId('step-before').press('Enter');
    await page.getByTestId('back-to-live').press('Enter');
    await page.getByTestId('past').waitFor({ state: 'hidden' });
    assert.ok(await hasFocus('time'));
    await page.context().close();
  },
);

/** The position of the chart in the page, independent of scrolling. */
function topOf(page: Page): Promise<number> {
  return page
    .getByTestId('chart')
    .evaluate((chart) => Math.round(chart.getBoundingClientRect().top + window.scrollY));
}

test.run();
