/** Where people sign in: what somebody else's cookie, or an address in a link, makes the page do. In a real browser. */
import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { launchBrowser } from '../support/browser.ts';
import { pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { accept, firstLinkOf, PASSWORD, type Person } from '../support/people.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';

let server: TestServer;
let browser: Browser;
let ann: Person;

test.before(async () => {
  if (pageMissing !== null) return;
  browser = await launchBrowser();
  server = await startServer({ env: { SLUICE_AUTH: 'password', SLUICE_ENGINES: 'http' } });
  ann = await accept(server.url, await firstLinkOf(server), 'Ann');
});
test.after(async () => {
  if (pageMissing !== null) return;
  await browser.close();
  await server.stop();
});

async function signIn({ page }: Visit, path = '/'): Promise<void> {
  await page.goto(server.url + path);
  await page.getByTestId('sign-in-name').fill('Ann');
  await page.getByTestId('sign-in-password').fill(PASSWORD);
  await page.getByTestId('sign-in-submit').click();
}

const newVisit = async (): Promise<Visit> => Visit.on(await (await browser.newContext()).newPage());

testUnless(
  test,
  pageMissing,
  "somebody else's cookie is asked about, and one who says no signs in again",
  async () => {
    const mallory = await ann.add('Mallory');
    await mallory.expect(202, 'POST', '/api/downloads', { url: 'http://127.0.0.1:9/mallorys.bin' });
    const visit = await newVisit();
    const { page } = visit;
    await signIn(visit);
    await visit.ready();
    const own = (await page.context().cookies()).find(({ name }) => name === 'sluice_session');
    if (own === undefined) throw new Error('there is no session cookie');
    const value = mallory.cookie.replace('sluice_session=', '');
    await page.context().addCookies([{ ...own, value }]);
    await page.goto(server.url);
    const question = page.getByTestId('unknown-list');
    await question.waitFor();
    await question.getByRole('button').first().click();
    await page.getByTestId('sign-in-password').waitFor();
    assert.is(await visit.row('mallorys.bin').count(), 0);
    await signIn(visit, '/sign-in');
    await visit.ready();
    await page.getByTestId('signed-in').getByText('Signed in as Ann').waitFor();
    assert.is((await mallory.call('GET', '/api/account')).status, 401, 'her cookie is withdrawn');
    await visit.close();
  },
);

testUnless(test, pageMissing, 'signing in leads to pages of this server alone', async () => {
  for (const to of [
    '//elsewhere.example/x',
    '/.//elsewhere.example/x',
    '/\\elsewhere.example',
    'javascript:alert(1)',
  ]) {
    const visit = await newVisit();
    const { page } = visit;
    let asked = '';
    await page.route(
      ({ host }) => host === 'elsewhere.example',
      (route) => {
        asked = route.request().url();
        return route.fulfill({ body: 'elsewhere' });
      },
    );
    await signIn(visit, `/sign-in?${new URLSearchParams({ to })}`);
    await page.waitForURL((url) => url.pathname !== '/sign-in');
    assert.equal([new URL(page.url()).origin, asked], [server.url, ''], to);
    await visit.close();
  }
  const visit = await newVisit();
  await signIn(visit, '/devices');
  await visit.page.getByTestId('device').first().waitFor();
  await visit.close();
});

test.run();
