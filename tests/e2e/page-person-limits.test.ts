/** What people use and may use, on the operator's page: in both languages, on a phone, in the dark. */
import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { PeopleList } from '#lib/protocol/people.ts';
import { axeFindings, launchBrowser } from '../support/browser.ts';
import { pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { accept, firstLinkOf, type Person } from '../support/people.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';

let server: TestServer;
let browser: Browser;
let ann: Person;

test.before(async () => {
  if (pageMissing !== null) return;
  browser = await launchBrowser();
  server = await startServer({ env: { SLUICE_AUTH: 'password', SLUICE_ENGINES: 'http' } });
  ann = await accept(server.url, await firstLinkOf(server), 'Ann');
  await ann.add('Ben');
});
test.after(async () => {
  if (pageMissing !== null) return;
  await browser.close();
  await server.stop();
});

for (const [what, options] of [
  ['people-limits', { locale: 'en-GB' }],
  [
    'people-limits-zh-phone-dark',
    { locale: 'zh-CN', colorScheme: 'dark', viewport: { width: 360, height: 740 }, isMobile: true },
  ],
] as const) {
  testUnless(test, pageMissing, `${what}: what is set is kept and shown, and axe finds nothing`, async () => {
    const context = await browser.newContext(options);
    const [name = '', value = ''] = ann.cookie.split('=');
    await context.addCookies([{ name, value, url: server.url }]);
    const visit = Visit.on(await context.newPage());
    const { page } = visit;
    await page.goto(`${server.url}/people`);
    const row = page.getByTestId('person').filter({ hasText: 'Ben' });
    await row.getByTestId('person-use').waitFor();
    await row.locator('summary').click();
    await row.getByTestId('limit-bytes').fill('50');
    await row.getByTestId('limit-slots').fill('none');
    await row.getByTestId('limit-adds').fill('20');
    await row.getByRole('button').last().click();
    await row.getByRole('alert').waitFor();
    await row.getByTestId('limit-slots').fill('2');
    await visit.shot(what);
    assert.equal(await axeFindings(page), []);
    await row.getByRole('button').last().click();
    await row.getByTestId('person-use').getByText('50').waitFor();
    await visit.shot(`${what}-set`);
    assert.equal(await axeFindings(page), []);
    const wider = await page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.ok(wider <= 0, `${wider} px are wider than the screen`);
    const { people } = await ann.expect<PeopleList>(200, 'GET', '/api/people');
    assert.equal(people.find((person) => person.name === 'Ben')?.limits, {
      bytes: 50e9,
      slots: 2,
      addsPerDay: 20,
    });

    await row.locator('summary').click();
    await waitFor(async () => (await row.getByTestId('limit-slots').inputValue()) === '2');
    for (const field of ['limit-bytes', 'limit-slots', 'limit-adds']) await row.getByTestId(field).fill('');
    await row.getByRole('button').last().click();
    await row.getByTestId('person-use').getByText('50').waitFor({ state: 'detached' });
    await page.goto(`${server.url}/account`);
    await page.locator('a[href$="/settings"]').click();
    await page.getByTestId('setting').first().waitFor();
    await visit.shot(what.replace('people-limits', 'settings'));
    assert.equal(await axeFindings(page), []);
    assert.equal(await page.getByTestId('engine').count(), 1);
    assert.ok(
      await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth),
    );
    await visit.close();
  });
}

test.run();
