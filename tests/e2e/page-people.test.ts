/** People in a real browser: the first one, signing in and out, a second browser, a second person, and removing them. */
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { axeFindings, launchBrowser } from '../support/browser.ts';
import { addTo } from '../support/lost-list.ts';
import { pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { firstLinkOf, PASSWORD } from '../support/people.ts';
import { makePlace, startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';

const PHONE: BrowserContextOptions = {
  viewport: { width: 360, height: 740 },
  isMobile: true,
  hasTouch: true,
  colorScheme: 'dark',
};
const place = makePlace();
let site: Site;
let server: TestServer;
let browser: Browser;
/** A browser that had a list before anybody had to sign in. */
let ann: Visit;
const fixture = () => ({ site, server, browser });

test.before(async () => {
  if (pageMissing !== null) return;
  site = await startSite();
  browser = await launchBrowser();
  server = await startServer({ place, env: { SLUICE_ENGINES: 'http' } });
});
test.after(async () => {
  if (pageMissing === null) {
    await browser.close();
    await server.stop();
    await site.close();
  }
  place.remove();
});

/** The same store, where people sign in. */
async function restartWithPasswords(): Promise<void> {
  const { port } = server;
  await server.stop();
  server = await startServer({ place, port, env: { SLUICE_AUTH: 'password', SLUICE_ENGINES: 'http' } });
}

async function newBrowser(options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  const visit = Visit.on(await context.newPage());
  await visit.page.goto(server.url);
  return visit;
}

async function fillIn({ page }: Visit, name: string | null, password = PASSWORD): Promise<void> {
  if (name !== null) await page.getByTestId('sign-in-name').fill(name);
  await page.getByTestId('sign-in-password').fill(password);
  await page.getByTestId('sign-in-submit').click();
}

async function signedIn(name: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const visit = await newBrowser(options);
  await fillIn(visit, name);
  await visit.ready();
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

/** Refused sign-ins, used links and ended sessions are logged by the browser. */
const unexpected = ({ errors }: Visit): string[] => errors.filter((error) => !/ (401|403|410) /.test(error));

testUnless(test, pageMissing, 'the first person keeps the list that the browser had before', async () => {
  ann = await Visit.open(browser, server.url);
  assert.is(await ann.page.getByTestId('account').isVisible(), false, 'nobody signs in');
  await addTo(ann, fixture(), 'mine.bin');
  await restartWithPasswords();
  // By itself when the server is back, and at once when it is told so.
  // The page may be on its way to sign in already.
  await ann.page.evaluate(() => dispatchEvent(new Event('online'))).catch(() => undefined);
  await ann.page.getByTestId('sign-in-password').waitFor();
  await looksRight(ann, 'sign-in');
  await ann.page.goto(await firstLinkOf(server));
  await ann.page.getByText('You are the first person here').waitFor();
  assert.is(ann.page.url(), `${server.url}/sign-in`, 'the link is gone from the address');
  await fillIn(ann, 'Ann', 'short');
  assert.is(await ann.page.getByTestId('sign-in').getAttribute('data-step'), 'invited');
  await fillIn(ann, 'Ann');
  await ann.row('mine.bin').waitFor();
  await ann.page.getByTestId('signed-in').getByText('Signed in as Ann').waitFor();
  assert.is(await ann.lost.count(), 0);
  assert.equal(unexpected(ann), []);
});

testUnless(test, pageMissing, 'a second browser shares the list, live, until it signs out', async () => {
  const phone = await newBrowser(PHONE);
  await looksRight(phone, 'sign-in-phone');
  await fillIn(phone, 'ann', 'wrong');
  await phone.page.getByTestId('sign-in-error').getByText('no such name').waitFor();
  await looksRight(phone, 'sign-in-wrong-phone');
  await fillIn(phone, 'ann');
  await phone.row('mine.bin').waitFor();
  await addTo(ann, fixture(), 'later.bin');
  await phone.row('later.bin').waitFor();
  await looksRight(phone, 'signed-in-phone');
  await phone.page.getByTestId('account').click();
  await phone.page.getByTestId('account-name').waitFor();
  await looksRight(phone, 'account-phone');
  await phone.page.getByTestId('sign-out').click();
  await phone.page.getByTestId('sign-in-password').waitFor();
  await phone.page.goto(`${server.url}/devices`);
  await phone.page.getByTestId('sign-in-password').waitFor();
  await fillIn(phone, 'ann');
  await phone.page.getByTestId('device').nth(1).waitFor();
  assert.equal(unexpected(phone), []);
  await phone.close();
});

testUnless(test, pageMissing, 'another person sees nothing of it, and is removed at once', async () => {
  await ann.page.goto(`${server.url}/account`);
  await ann.page.getByRole('link', { name: 'People' }).click();
  await ann.page.getByTestId('person-name').fill('Ben');
  await ann.page.getByRole('button', { name: 'Add', exact: true }).click();
  const link = (await ann.page.getByTestId('invitation').textContent()) ?? '';
  await looksRight(ann, 'people');
  const ben = await newBrowser();
  await ben.page.goto(link.trim());
  await ben.page.getByText('For Ben').waitFor();
  await fillIn(ben, null);
  await ben.ready();
  assert.is(await ben.page.getByTestId('download').count(), 0);
  await addTo(ben, fixture(), 'bens.bin');
  await ann.page.goto(server.url);
  await ann.row('mine.bin').waitFor();
  assert.is(await ann.row('bens.bin').count(), 0);
  await ben.page.goto(`${server.url}/people`);
  await ben.page.getByRole('alert').getByText('Only an operator').waitFor();
  await ben.page.goto(link.trim());
  await ben.page.getByTestId('sign-in-error').waitFor();
  await ben.page.goto(server.url);
  await ben.ready();

  const operator = await signedIn('Ann', PHONE);
  await operator.page.goto(`${server.url}/people`);
  await operator.page.getByRole('button', { name: 'Remove: Ben' }).click();
  await looksRight(operator, 'people-remove-phone');
  await operator.page.getByTestId('confirm').click();
  // The socket closes, and the page goes where one signs in.
  await ben.page.getByTestId('sign-in-password').waitFor();
  await operator.page.getByRole('button', { name: 'Remove: Ben' }).waitFor({ state: 'detached' });
  await looksRight(operator, 'people-phone');
  assert.equal([unexpected(operator), unexpected(ben)], [[], []]);
  await ben.close();
  await operator.close();
});

testUnless(
  test,
  pageMissing,
  'a second list by name has its own downloads; out everywhere ends all browsers',
  async () => {
    const { page } = ann;
    await page.goto(`${server.url}/account`);
    await page.getByTestId('list-name').fill('Family');
    await page.getByRole('button', { name: 'Make a list' }).click();
    await page.getByTestId('share').first().locator('summary').click();
    await page.getByTestId('share-name').first().waitFor();
    await looksRight(ann, 'account');
    await page.getByRole('button', { name: 'Open: Family' }).click();
    await ann.ready();
    assert.is(await page.getByTestId('download').count(), 0);
    await looksRight(ann, 'list-switch');
    const other = await signedIn('Ann', { locale: 'zh-CN', colorScheme: 'dark' });
    await other.row('mine.bin').waitFor();
    await other.page.goto(`${server.url}/account`);
    await other.page.getByTestId('account-name').waitFor();
    await looksRight(other, 'account-zh-dark');
    await other.page.goto(server.url);
    await other.ready();
    await page.getByTestId('list-switch').selectOption({ label: 'Downloads' });
    await ann.row('mine.bin').waitFor();
    assert.is(await ann.lost.count(), 0);

    await page.goto(`${server.url}/account`);
    await page.getByTestId('sign-out-everywhere').click();
    await page.getByTestId('confirm').click();
    for (const visit of [ann, other]) await visit.page.getByTestId('sign-in-password').waitFor();
    assert.equal([unexpected(ann), unexpected(other)], [[], []]);
    await other.close();
    await ann.close();
  },
);

test.run();
