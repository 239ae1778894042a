import type { Locator } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { testUnless } from '../support/skip.ts';

const fixture = pageFixture(test);

/** The copy button, on a page without a clipboard (as over plain HTTP), or with one that refuses. */
async function copyButton(visit: Visit, clipboard: 'none' | 'refuses'): Promise<Locator> {
  await visit.page.evaluate((kind) => {
    const refusing = { writeText: () => Promise.reject(new Error('NotAllowedError')) };
    const value = kind === 'none' ? undefined : refusing;
    Object.defineProperty(navigator, 'clipboard', { value, configurable: true });
  }, clipboard);
  await visit.downloadNow(`${fixture.site.url}/file/${clipboard}.bin`);
  await visit.waitForState(clipboard, 'complete');
  await visit.press('Details', `${clipboard}.bin`);
  return visit.page.getByRole('dialog').getByRole('button', { name: 'Copy: File' });
}

for (const clipboard of ['none', 'refuses'] as const) {
  testUnless(
    test,
    pageMissing,
    `what is copied is copied where the clipboard is or does: ${clipboard}`,
    async () => {
      const visit = await Visit.open(fixture.browser, fixture.server.url);
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

testUnless(test, pageMissing, 'a page that cannot copy at all says so', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  const button = await copyButton(visit, 'none');
  await visit.page.evaluate(() => (document.execCommand = () => false));
  await button.click();
  await visit.page.getByRole('dialog').getByRole('button', { name: 'Could not be copied' }).waitFor();
  assert.equal(visit.errors, []);
  await visit.close();
});

test.run();
