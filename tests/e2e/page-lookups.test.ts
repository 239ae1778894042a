import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { launchBrowser } from '../support/browser.ts';
import { Visit } from '../support/page.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { missing } from '../support/tools.ts';

const reason = missing('chromium');
let site: Site;
let server: TestServer;
let browser: Browser;

test.before(async () => {
  if (reason !== null) return;
  site = await startSite();
  server = await startServer({ env: { SLUICE_ENGINES: 'http' } });
  browser = await launchBrowser();
});
test.after(async () => {
  if (reason !== null) return;
  await browser.close();
  await server.stop();
  await site.close();
});

testUnless(test, reason, 'a page with more than is listed says so in the header of its card', async () => {
  const visit = await Visit.open(browser, server.url);
  const card = await visit.lookUp(`${site.url}/page/endless`);
  await card
    .getByRole('status')
    .getByText(/\d+ items, the page has more/)
    .waitFor();
  assert.is(await card.getByTestId('lookup-item').count(), 25);
  await visit.shot('2-more than is listed');
  const whole = await visit.lookUp(`${site.url}/page/gallery`);
  await whole.getByRole('status').getByText('140 items').waitFor();
  assert.not.match((await whole.getByRole('status').textContent()) ?? '', /more/);
  assert.equal(visit.errors, []);
  await visit.close();
});

test.run();
