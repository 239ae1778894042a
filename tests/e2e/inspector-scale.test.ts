/** The inspector's page with more data than a test server has: its socket is a mock. */
import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { launchBrowser } from '../support/browser.ts';
import { download, event, play, whole } from '../support/inspector-played.ts';
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

testUnless(
  test,
  reason,
  'of 1,000 actors only the visible ones are rendered, and each can be reached',
  async () => {
    const { page, say } = await play(browser, server.url);
    say(whole(Array.from({ length: 1_000 }, (_, index) => download(index))));
    await page.getByTestId('actor-count').filter({ hasText: '1001' }).waitFor();
    assert.ok((await page.getByTestId('actor').count()) < 60);
    await page.getByTestId('actors').press('End');
    await page.getByTestId('actor').filter({ hasText: 'file 0.bin' }).waitFor();
    await page.getByTestId('actor-name').filter({ hasText: 'file 0.bin' }).waitFor();
    assert.ok((await page.getByTestId('actor').count()) < 60);
    await page.getByTestId('actor-filter').fill('file 777.bin');
    await page.getByTestId('actor').filter({ hasText: 'file 777.bin' }).waitFor();
    assert.is(await page.getByTestId('actor').count(), 2);
    await page.context().close();
  },
);

testUnless(
  test,
  reason,
  'a log of 20,000 lines is virtual, and dropped observations have a line of their own',
  async () => {
    const { page, say } = await play(browser, server.url);
    say(whole([]));
    for (let first = 1; first <= 20_000; first += 250) {
      say({
        type: 'log',
        dropped: 0,
        entries: Array.from({ length: 250 }, (_, offset) => event(first + offset)),
      });
    }
    await page.getByTestId('log-count').filter({ hasText: '20000 shown' }).waitFor();
    assert.ok((await page.getByTestId('log-line').count()) < 60);
    await page.getByTestId('log-line').filter({ hasText: 'event-20000' }).waitFor();
    say({ type: 'log', dropped: 12, entries: [event(20_100)] });
    await page.getByTestId('log-gap').filter({ hasText: '12 events dropped' }).waitFor();
    await page.getByTestId('log').press('Home');
    assert.ok((await page.getByTestId('log-line').count()) < 60);
    await page.context().close();
  },
);

testUnless(
  test,
  reason,
  'observations that were omitted are not reported as lost by a slow page',
  async () => {
    const { page, say } = await play(browser, server.url);
    say(whole([]));
    say({ type: 'log', dropped: 0, omitted: 7, entries: [event(8)] });
    const gap = page.getByTestId('log-gap');
    await gap.filter({ hasText: '7 older or routine events are not shown' }).waitFor();
    assert.not.match((await gap.textContent()) ?? '', /slow/);
    await page.getByTestId('log-count').filter({ hasText: '2 shown of 8 seen' }).waitFor();
    await page.context().close();
  },
);

testUnless(test, reason, 'late data for an earlier selection is not shown for the current one', async () => {
  const { page, say } = await play(browser, server.url);
  say(whole([download(1)]));
  say({ type: 'log', dropped: 0, entries: [event(5)] });
  await page.getByTestId('log-line').filter({ hasText: 'event-5' }).waitFor();
  await page.getByTestId('actor').filter({ hasText: 'file 1.bin' }).click();
  say({ type: 'log', dropped: 0, entries: [event(6)] });
  say(whole([download(1)]));
  say({ type: 'log', dropped: 0, entries: [event(3), event(7)] });
  await page.getByTestId('log-line').filter({ hasText: 'event-7' }).waitFor();
  assert.is(await page.getByTestId('log-line').filter({ hasText: 'event-6' }).count(), 0);
  assert.is(await page.getByTestId('log-line').count(), 2);
  await page.context().close();
});

testUnless(test, reason, 'without SLUICE_INSPECTOR there is no such page', async () => {
  const closed = await startServer();
  try {
    const page = await (await browser.newContext({ locale: 'en-GB' })).newPage();
    const response = await page.goto(`${closed.url}/inspector`);
    assert.is(response?.status(), 404);
    await page.getByText('This page does not exist').waitFor();
    await page.context().close();
  } finally {
    await closed.stop();
  }
});

test.run();
