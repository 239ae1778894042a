import type { Browser, Locator } from 'playwright-core';
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

/** The button that copies the file's name, on a page that has no clipboard, as over plain HTTP, or one that refuses. */
async function copyButton(visit: Visit, clipboard: 'none' | 'refuses'): Promise<Locator> {
  await visit.page.evaluate((kind) => {
    const refusing = { writeText: () => Promise.reject(new Error('NotAllowedError')) };
    const value = kind === 'none' ? undefined : refusing;
    Object.defineProperty(navigator, 'clipboard', { value, configurable: true });
  }, clipboard);
  await visit.downloadNow(`${site.url}/file/${clipboard}.bin`);
  await visit.waitForState(clipboard, 'complete');
  await visit.press('Details', `${clipboard}.bin`);
  return visit.page.getByRole('dialog').getByRole('button', { name: 'Copy: File' });
}

for (const clipboard of ['none', 'refuses'] as const) {
  testUnless(
    test,
    reason,
    `what is copied is copied where the clipboard is or does: ${clipboard}`,
    async () => {
      const visit = await Visit.open(browser, server.url);
      const button = await copyButton(visit, clipboard);
      await button.click();
      const copied = visit.page.getByRole('dialog').getByRole('button', { name: 'Copied' });
      await copied.waitFor();
      assert.ok(await copied.evaluate((element) => element === document.activeElement));
      assert.is(await visit.page.locator('dialog textarea').count(), 0);
      await visit.page.keyboard.press('Escape');
      await visit.field.press('Control+V');
      assert.is(await visit.field.inputValue(), `${clipboard}.bin`);
      assert.equal(visit.errors, []);
      await visit.close();
    },
  );
}

testUnless(test, reason, 'a page that cannot copy at all says so', async () => {
  const visit = await Visit.open(browser, server.url);
  const button = await copyButton(visit, 'none');
  await visit.page.evaluate(() => (document.execCommand = () => false));
  await button.click();
  await visit.page.getByRole('dialog').getByRole('button', { name: 'Could not be copied' }).waitFor();
  assert.equal(visit.errors, []);
  await visit.close();
});

test.run();
