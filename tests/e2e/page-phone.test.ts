import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { axeFindings, launchBrowser } from '../support/browser.ts';
import { Visit } from '../support/page.ts';
import { makePlace, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { missing } from '../support/tools.ts';

const MIB = 1024 * 1024;
const reason = missing('chromium');
const env = { SLUICE_ENGINES: 'http' };
let site: Site;
let browser: Browser;

test.before(async () => {
  if (reason !== null) return;
  site = await startSite();
  browser = await launchBrowser();
});
test.after(async () => {
  if (reason !== null) return;
  await browser.close();
  await site.close();
});

function openPhone(url: string, width: number): Promise<Visit> {
  return Visit.open(browser, url, { viewport: { width, height: 740 }, isMobile: true, hasTouch: true });
}

/** The positions of the end of the header and the start of the list. */
function layout(visit: Visit): Promise<number[]> {
  return visit.page.evaluate(() =>
    ['header', '[data-testid="downloads"]'].map((selector) => {
      const { top, bottom } = document.querySelector(selector)!.getBoundingClientRect();
      return selector === 'header' ? bottom : top;
    }),
  );
}

for (const width of [320, 360]) {
  testUnless(test, reason, `at ${width} px an outage is shown without moving the page`, async () => {
    const place = makePlace();
    const server = await startServer({ place, env });
    const visit = await openPhone(server.url, width);
    await visit.downloadNow(`${site.url}/file/phone.bin?size=${400 * MIB}&rate=${2 * MIB}`);
    await visit.row('phone.bin').getByTestId('time-left').waitFor();
    await visit.page.getByTestId('total-speed').waitFor();
    const before = await layout(visit);
    await server.kill9();
    const stale = visit.page.getByTestId('stale');
    await stale.waitFor();
    assert.ok(((await stale.boundingBox())?.width ?? 0) > 150, 'the sentence can be seen');
    await visit.page.getByRole('button', { name: 'Reconnect now' }).waitFor();
    assert.equal(await layout(visit), before);
    for (const old of ['speed', 'time-left', 'total-speed']) {
      assert.is(await visit.page.getByTestId(old).count(), 0, old);
    }
    assert.not.match((await visit.bar('phone.bin').getAttribute('aria-valuetext')) ?? '', 'left');
    assert.equal(await axeFindings(visit.page), []);
    await visit.shot(`7-outage ${width}`);
    await visit.close();
    place.remove();
  });

  testUnless(test, reason, `at ${width} px every filter is visible`, async () => {
    const server = await startServer({ env });
    const visit = await openPhone(server.url, width);
    await visit.downloadNow(`${site.url}/file/phone.bin`, `${site.url}/none.mp4`);
    await visit.waitForState('phone.bin', 'complete');
    await visit.waitForState('none.mp4', 'error');
    for (const name of ['all', 'active', 'waiting', 'done', 'failed']) {
      const box = await visit.page.getByTestId(`filter-${name}`).boundingBox();
      assert.ok(box !== null && box.x >= 0 && box.x + box.width <= width, `${name}: ${JSON.stringify(box)}`);
    }
    await visit.shot(`8-filters ${width}`);
    await visit.close();
    await server.stop();
  });
}

test.run();
