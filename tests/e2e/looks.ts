/** Pages with all that they can show, in the looks that they have: axe finds nothing, and nothing overflows. */
import type { BrowserContextOptions } from 'playwright-core';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { axeFindings } from '../support/browser.ts';
import { addTo, commandOn, linkFrom, loseCookie, visitWithList } from '../support/lost-list.ts';
import { type PageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { testUnless } from '../support/skip.ts';

export type Look = [what: string, options: BrowserContextOptions];

export const PHONE: BrowserContextOptions = {
  viewport: { width: 360, height: 740 },
  isMobile: true,
  hasTouch: true,
};

const MIB = 1024 * 1024;

async function looksRight(visit: Visit, name: string): Promise<void> {
  await visit.shot(name);
  assert.equal(await axeFindings(visit.page), [], name);
  const overflow = await visit.page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  // Negative: space reserved for an absent scrollbar.
  assert.ok(overflow <= 0, `${name}: ${overflow} px are wider than the screen`);
}

/** Fills the page: items with qualities, a running, a paused, a complete and a failed row. */
async function fillPage(visit: Visit, site: string): Promise<void> {
  const slow = (name: string): string => `${site}/file/${name}?size=${400 * MIB}&rate=${MIB / 4}`;
  await visit.downloadNow(slow('running.bin'), slow('paused.bin'), `${site}/file/done.bin`, `${site}/no.mp4`);
  await visit.waitForState('paused.bin', 'download');
  await visit.press('Pause', 'paused.bin');
  await visit.waitForState('paused.bin', 'paused');
  await visit.waitForState('done.bin', 'complete');
  await visit.waitForState('no.mp4', 'error');
  const card = await visit.lookUp(`${site}/page/sources`);
  const expand = card.getByTestId('show-streams');
  if ((await expand.getAttribute('aria-expanded')) === 'false') await expand.click();
  await card.getByRole('table').waitFor();
}

export function testFullPage(test: Test, fixture: PageFixture, looks: readonly Look[]): void {
  for (const [what, options] of looks) {
    testUnless(test, pageMissing, `${what} axe finds nothing, and nothing overflows`, async () => {
      const visit = await Visit.open(fixture.browser, fixture.server.url, options);
      assert.equal(await axeFindings(visit.page), []);
      await fillPage(visit, fixture.site.url);
      await looksRight(visit, `8-full ${what}`);
      assert.equal(visit.errors, []);
      await visit.removeAll();
      await visit.close();
    });
  }
}

export function testLostList(test: Test, fixture: PageFixture, looks: readonly Look[]): void {
  for (const [what, options] of looks) {
    testUnless(
      test,
      pageMissing,
      `${what} the notice and the question are whole, and axe finds nothing`,
      async () => {
        const visit = await visitWithList(fixture, options);
        await loseCookie(visit);
        await visit.lost.waitFor();
        await addTo(visit, fixture, 'newer.bin');
        await looksRight(visit, `lost ${what}`);
        const link = await linkFrom(await commandOn(visit.page), fixture.server);
        await visit.page.goto(link);
        await visit.page.getByTestId('link-open').waitFor();
        await looksRight(visit, `link ${what}`);
        assert.equal(visit.errors, []);
        await visit.close();
      },
    );
  }
}
