import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { launchBrowser } from '../support/browser.ts';
import { Visit } from '../support/page.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { missing } from '../support/tools.ts';
import { waitFor } from '../support/wait.ts';

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

/** Never answered: it stands in `parse`, and no byte comes. */
const silent = (name: string): string => `${site.url}/file/${name}?fault=hang`;

const focused = (visit: Visit): Promise<string | null> =>
  visit.page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? null);

/** Presses Cancel, and its place again as soon as something else can be pressed there. */
function pressTwice(visit: Visit): Promise<void> {
  return visit.page.evaluate(async () => {
    const button = document.querySelector<HTMLElement>('[data-testid="cancel"]')!;
    const changed = new Promise<void>((resolve) => {
      new MutationObserver(() => {
        const ready = button.getAttribute('aria-disabled') !== 'true';
        if (ready && button.dataset['testid'] !== 'cancel') resolve();
      }).observe(button, { attributes: true });
    });
    button.focus();
    button.click();
    await changed;
    button.click();
  });
}

testUnless(test, reason, 'a second click where Cancel was a moment ago does not remove the row', async () => {
  const visit = await Visit.open(browser, server.url);
  await visit.downloadNow(silent('twice.bin'));
  await visit.waitForState('twice.bin', 'parse');
  await pressTwice(visit);
  assert.is(await focused(visit), 'Remove: twice.bin');
  // Its answer comes after that of any removal.
  await visit.press('Try again', 'twice.bin');
  await visit.waitForState('twice.bin', 'parse');
  await visit.press('Cancel', 'twice.bin');
  await visit.waitForState('twice.bin', 'cancelled');
  const remove = visit.page.getByRole('button', { name: 'Remove: twice.bin' });
  await waitFor(async () => {
    if ((await remove.count()) > 0) await remove.click();
    return (await visit.row('twice.bin').count()) === 0;
  });
  assert.equal(visit.errors, []);
  await visit.close();
});

testUnless(test, reason, 'the second half of a double click does nothing of its own', async () => {
  const visit = await Visit.open(browser, server.url);
  await visit.downloadNow(`${site.url}/one.mp4`, `${site.url}/two.mp4`);
  await visit.waitForState('one.mp4', 'error');
  await visit.waitForState('two.mp4', 'error');
  // The row below comes to where the removed one was.
  await visit.page.evaluate(async () => {
    const buttons = [...document.querySelectorAll<HTMLElement>('[data-testid="remove"]')];
    const click = (button: HTMLElement, detail: number) =>
      button.dispatchEvent(new MouseEvent('click', { bubbles: true, detail }));
    click(buttons[0]!, 1);
    click(buttons[1]!, 2);
  });
  await waitFor(async () => (await visit.page.getByTestId('download').count()) === 1);
  await visit.downloadNow(`${site.url}/file/after.bin`);
  await visit.waitForState('after.bin', 'complete');
  assert.is(await visit.page.getByTestId('download').count(), 2);
  await visit.close();
});

test.run();
