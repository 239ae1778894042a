/** An operator looks into another's list: asked first, shown to that person while it lasts, ended by a click of either. */
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { axeFindings, launchBrowser } from '../support/browser.ts';
import { addTo } from '../support/lost-list.ts';
import { pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { accept, firstLinkOf, PASSWORD } from '../support/people.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';

const PHONE: BrowserContextOptions = {
  viewport: { width: 360, height: 740 },
  isMobile: true,
  hasTouch: true,
  colorScheme: 'dark',
};
let site: Site;
let server: TestServer;
let browser: Browser;

test.before(async () => {
  if (pageMissing !== null) return;
  site = await startSite();
  browser = await launchBrowser();
  server = await startServer({ env: { SLUICE_AUTH: 'password', SLUICE_ENGINES: 'http' } });
  await (await accept(server.url, await firstLinkOf(server), 'Olga')).add('Ben');
});
test.after(async () => {
  if (pageMissing !== null) return;
  await browser.close();
  await server.stop();
  await site.close();
});

async function signedIn(name: string, path: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  const visit = Visit.on(await context.newPage());
  await visit.page.goto(server.url + path);
  await visit.page.getByTestId('sign-in-name').fill(name);
  await visit.page.getByTestId('sign-in-password').fill(PASSWORD);
  await visit.page.getByTestId('sign-in-submit').click();
  return visit;
}

async function looksRight(visit: Visit, name: string): Promise<void> {
  await visit.shot(name);
  assert.equal(await axeFindings(visit.page), []);
  const wider = await visit.page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  assert.ok(wider <= 0, `${name}: ${wider} px are wider than the screen`);
}

testUnless(
  test,
  pageMissing,
  'an operator looks in, and the person sees it, ends it, and finds it noted',
  async () => {
    const ben = await signedIn('Ben', '/', PHONE);
    await ben.ready();
    await addTo(ben, { site, server, browser }, 'bens.bin');
    const olga = await signedIn('Olga', '/people');
    const look = olga.page.getByRole('button', { name: 'Look in: Ben' });
    await look.click();
    await looksRight(olga, 'visit-asked');
    await olga.page.getByTestId('confirm').click();
    await olga.page.getByTestId('visited-row').getByText('bens.bin').waitFor();
    await looksRight(olga, 'visit-open');
    const banner = ben.page.getByTestId('being-visited');
    await banner.getByText('Olga, an operator, is looking into this list').waitFor();
    await looksRight(ben, 'visit-banner-phone');
    await banner.getByRole('button').click();
    await banner.waitFor({ state: 'detached' });
    await olga.page.getByRole('alert').getByText('not open to you any more').waitFor();
    assert.is(await olga.page.getByTestId('visited').count(), 0);

    await look.click();
    await olga.page.getByTestId('confirm').click();
    await banner.waitFor();
    await olga.page.getByTestId('visit-end').click();
    await banner.waitFor({ state: 'detached' });
    await ben.page.goto(`${server.url}/account`);
    await ben.page.getByTestId('visit').nth(1).getByText('by who has the list').waitFor();
    await ben.page.getByTestId('visit').nth(0).getByText('by the operator').waitFor();
    await looksRight(ben, 'visit-account-phone');
    // What was refused is logged by the browser.
    const unexpected = [...ben.errors, ...olga.errors].filter((error) => !/ (401|403) /.test(error));
    assert.equal(unexpected, []);
    await ben.close();
    await olga.close();
  },
);

test.run();
