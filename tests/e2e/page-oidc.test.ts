/** Signing in with a real issuer, in a real browser: two browsers of one person, another person, and the ways it fails. */
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { axeFindings, launchBrowser } from '../support/browser.ts';
import { begin } from '../support/by-issuer.ts';
import { freePort } from '../support/free-port.ts';
import { TestIssuer } from '../support/issuer.ts';
import { addTo } from '../support/lost-list.ts';
import { pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { firstLinkOf, Person } from '../support/people.ts';
import { makePlace, startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';

const PHONE: BrowserContextOptions = {
  viewport: { width: 360, height: 740 },
  isMobile: true,
  hasTouch: true,
  colorScheme: 'dark',
};
const ACCOUNTS = { ann: { preferred_username: 'Ann' }, ben: { preferred_username: 'Ben' } };
const place = makePlace();
let site: Site;
let issuer: TestIssuer;
let server: TestServer;
let browser: Browser;
let ann: Visit;
const fixture = () => ({ site, server, browser });

test.before(async () => {
  if (pageMissing !== null) return;
  site = await startSite();
  browser = await launchBrowser();
  const port = await freePort();
  issuer = await TestIssuer.start([`http://127.0.0.1:${port}/sign-in`], ACCOUNTS);
  server = await startServer({ place, port, env: { ...issuer.env, SLUICE_ENGINES: 'http' } });
});
test.after(async () => {
  if (pageMissing === null) {
    await browser.close();
    await server.stop();
    await issuer.close();
    await site.close();
  }
  place.remove();
});

async function newBrowser(options: BrowserContextOptions = {}): Promise<Visit> {
  const context = await browser.newContext({ locale: 'en-GB', ...options });
  const visit = Visit.on(await context.newPage());
  await visit.page.goto(server.url);
  return visit;
}

const button = ({ page }: Visit) => page.getByTestId('sign-in-submit');

/** At the issuer. */
async function signIn({ page }: Visit, login: string): Promise<void> {
  await page.locator('input[name=login]').fill(login);
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.locator('input[name=prompt][value=consent]').waitFor({ state: 'attached' });
  await page.locator('button[type=submit]').click();
}

async function signedIn(login: string, options: BrowserContextOptions = {}): Promise<Visit> {
  const visit = await newBrowser(options);
  await button(visit).click();
  await signIn(visit, login);
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

/** Refused and ended sign-ins are logged by the browser. */
const unexpected = ({ errors }: Visit): string[] =>
  errors.filter((error) => !/ (401|403|410|503) /.test(error));

testUnless(test, pageMissing, 'the first person signs in by the link, and downloads', async () => {
  ann = await newBrowser();
  await looksRight(ann, 'oidc-sign-in');
  await ann.page.goto(await firstLinkOf(server));
  await ann.page.getByText('You are the first person here').waitFor();
  await looksRight(ann, 'oidc-first');
  await button(ann).click();
  await signIn(ann, 'ann');
  await ann.page.getByTestId('signed-in').getByText('Signed in as Ann').waitFor();
  assert.is(ann.page.url(), `${server.url}/`);
  await addTo(ann, fixture(), 'mine.bin');
  assert.is(await ann.lost.count(), 0);
  assert.equal(unexpected(ann), []);
});

testUnless(
  test,
  pageMissing,
  'a second browser shares the list, live; it goes where it wanted to',
  async () => {
    const phone = await newBrowser({ ...PHONE, locale: 'zh-CN' });
    await phone.page.goto(`${server.url}/devices?x=1`);
    await button(phone).waitFor();
    await looksRight(phone, 'oidc-sign-in-phone-zh');
    await button(phone).click();
    await phone.page.locator('input[name=login]').waitFor();
    await phone.page.getByText('Cancel').click();
    await phone.page.getByTestId('sign-in-error').waitFor();
    await looksRight(phone, 'oidc-denied-phone-zh');
    assert.is(phone.page.url(), `${server.url}/sign-in`, 'what the issuer sent is gone from the address');
    await phone.page.goto(`${server.url}/devices?x=1`);
    await button(phone).click();
    await signIn(phone, 'ann');
    await phone.page.getByTestId('device').nth(1).waitFor();
    assert.is(phone.page.url(), `${server.url}/devices?x=1`);
    await phone.page.goto(server.url);
    await phone.row('mine.bin').waitFor();
    await addTo(ann, fixture(), 'later.bin');
    await phone.row('later.bin').waitFor();
    assert.equal(unexpected(phone), []);
    await phone.close();
  },
);

testUnless(
  test,
  pageMissing,
  'another person sees nothing of it; an operator sees who there is',
  async () => {
    const ben = await signedIn('ben', PHONE);
    assert.is(await ben.page.getByTestId('download').count(), 0);
    await ben.page.goto(`${server.url}/account`);
    await ben.page.getByTestId('account-name').getByText('Signed in as Ben').waitFor();
    await looksRight(ben, 'oidc-account-phone');
    await ann.page.goto(`${server.url}/people`);
    await ann.page.getByRole('button', { name: 'New link: Ben' }).waitFor();
    await ann.page.getByTestId('person-name').fill('Cleo');
    await ann.page.getByRole('button', { name: 'Add', exact: true }).click();
    await ann.page.getByTestId('invited').getByText('is Cleo here').waitFor();
    await ann.page.getByText('has not signed in yet').waitFor();
    await looksRight(ann, 'oidc-people');
    assert.equal([unexpected(ben), unexpected(ann)], [[], []]);
    await ben.close();
  },
);

testUnless(
  test,
  pageMissing,
  'a sign-in that this page has not begun is asked about, and ends nowhere else',
  async () => {
    const visit = await newBrowser();
    const { location, cookie } = await begin(new Person(server.url));
    const planted = await issuer.signIn(location, 'ben');
    const [name = '', value = ''] = cookie.split('=');
    await visit.page.context().addCookies([{ name, value, url: server.url }]);
    await visit.page.goto(planted.href);
    await visit.page.getByTestId('sign-in-go-on').waitFor();
    await looksRight(visit, 'oidc-not-begun');
    await visit.page.getByRole('button', { name: 'No, begin again' }).click();
    await button(visit).waitFor();
    await visit.page.goto(`${server.url}/account`);
    await button(visit).waitFor();
    assert.equal(unexpected(visit), []);
    await visit.close();
  },
);

testUnless(
  test,
  pageMissing,
  'without scripts the button leads there, and an address of another site nowhere',
  async () => {
    const visit = await newBrowser({ javaScriptEnabled: false });
    await button(visit).click();
    await visit.page.locator('input[name=login]').waitFor();
    assert.is(new URL(visit.page.url()).origin, issuer.url);
    await visit.close();
    const led = await newBrowser();
    await led.page.goto(`${server.url}/sign-in?to=/.//127.0.0.1:9/`);
    await button(led).click();
    await signIn(led, 'ben');
    await led.page.waitForURL((url) => url.origin === server.url && url.pathname !== '/sign-in');
    await led.close();
  },
);

testUnless(
  test,
  pageMissing,
  'signing out everywhere ends all browsers, here and there, and one signs in again',
  async () => {
    const other = await signedIn('ann', { colorScheme: 'dark' });
    await other.row('mine.bin').waitFor();
    await ann.page.goto(`${server.url}/account`);
    await ann.page.getByTestId('sign-out-everywhere').click();
    await ann.page.getByTestId('confirm').click();
    // The issuer asks whether to sign out there too.
    await ann.page.getByRole('button', { name: /yes/i }).click();
    await button(ann).waitFor();
    await button(other).waitFor();
    await button(ann).click();
    await signIn(ann, 'ann');
    await ann.row('mine.bin').waitFor();
    assert.is(await ann.lost.count(), 0);

    const { port } = issuer;
    await issuer.close();
    // Within a second of a sign-in the server still takes it for being there.
    await waitFor(
      async () => (await new Person(server.url).call('POST', '/api/account/oidc', {})).status === 503,
      {
        what: 'the server to notice that the issuer is away',
      },
    );
    await button(other).click();
    await other.page.getByTestId('sign-in-error').getByText('cannot be reached').waitFor();
    await looksRight(other, 'oidc-away-dark');
    await addTo(ann, fixture(), 'meanwhile.bin');
    issuer = await TestIssuer.start([`${server.url}/sign-in`], ACCOUNTS, port);
    await button(other).click();
    await signIn(other, 'ann');
    await other.row('meanwhile.bin').waitFor();
    assert.equal([unexpected(ann), unexpected(other)], [[], []]);
  },
);

test.run();
