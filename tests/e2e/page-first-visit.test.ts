/** A browser on its first visit gets one lasting session, from any link and in any number of tabs. */
import type { Browser, BrowserContext } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { launchBrowser } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { type OtherSite, pageOn, startOtherSite } from '../support/other-site.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { type StartOptions, startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { type HoldProxy, startHoldProxy } from '../support/hold-proxy.ts';
import { waitFor } from '../support/wait.ts';

const fixture = pageFixture(test);
let other: OtherSite;
test.before(async () => {
  other = await startOtherSite();
});
test.after(() => other.close());

/** Closed after each test, in reverse order, also if it failed. */
const opened: (() => Promise<unknown>)[] = [];
test.after.each(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function newBrowser(browser = fixture.browser): Promise<BrowserContext> {
  const context = await browser.newContext({ locale: 'en-GB' });
  opened.push(() => context.close());
  return context;
}

async function newServer(options: StartOptions): Promise<TestServer> {
  const server = await startServer(options);
  opened.push(() => server.stop());
  return server;
}

async function newProxy(): Promise<HoldProxy> {
  const line = await startHoldProxy();
  opened.push(() => line.close());
  return line;
}

/** Resolves when it is on the list. */
async function add(visit: Visit, name: string): Promise<void> {
  await visit.downloadNow(`${fixture.site.url}/file/${name}`);
  await visit.row(name).waitFor();
}

async function followLink(visit: Visit, site: string, to: string): Promise<void> {
  await visit.page.goto(pageOn(site, `<a href="${to}">Sluice</a>`));
  await visit.page.getByRole('link').click();
  await visit.ready();
}

for (const where of ['url', 'sameSiteUrl'] as const) {
  testUnless(test, pageMissing, `a first visit by a link gets a session that stays (${where})`, async () => {
    const visit = Visit.on(await (await newBrowser()).newPage());
    await followLink(visit, other[where], `${fixture.server.url}/`);
    const session = await visit.session();
    await add(visit, 'first.bin');
    await visit.page.reload();
    await visit.row('first.bin').waitFor();
    assert.equal([await visit.session(), await visit.lost.count()], [session, 0]);
    assert.equal(visit.errors, []);
  });
}

testUnless(test, pageMissing, 'the first visit can be to the inspector', async () => {
  const server = await newServer({ env: { SLUICE_INSPECTOR: '1' } });
  const visit = Visit.on(await (await newBrowser()).newPage());
  await visit.page.goto(`${server.url}/inspector`);
  await visit.page.locator('[data-testid="inspector-connection"][data-state="live"]').waitFor();
  assert.equal(visit.errors, []);
});

/** Asserts that a download added in one tab is in all of them, and in a new one. */
async function showSameList(tabs: Visit[], url: string): Promise<void> {
  for (const tab of tabs) await tab.ready();
  for (const [index, tab] of tabs.entries()) await add(tab, `tab-${index}.bin`);
  const later = await tabs[0]!.tab(url);
  for (const tab of [...tabs, later]) {
    await waitFor(async () => (await tab.page.getByTestId('download').count()) === tabs.length, {
      what: `${tabs.length} downloads in every tab`,
    });
    assert.is(await tab.lost.count(), 0);
  }
}

/** Opens all at once, as when a browser restores its tabs. */
async function openTabs(context: BrowserContext, count: number, url: string): Promise<Visit[]> {
  const pages = await Promise.all(Array.from({ length: count }, () => context.newPage()));
  await Promise.all(pages.map((page) => page.goto(url)));
  return pages.map((page) => Visit.on(page));
}

testUnless(test, pageMissing, 'tabs opened at once on a first visit share one session', async () => {
  const context = await newBrowser();
  const tabs = await openTabs(context, 3, fixture.server.url);
  await showSameList(tabs, fixture.server.url);
  const names = (await context.cookies()).map(({ name }) => name);
  // That the session was renewed lately is a cookie of its own.
  assert.equal(
    names.filter((name) => name !== 'sluice_renewed'),
    ['sluice_session'],
  );
});

for (const [what, request] of [
  // A different address, as Chromium runs only one request at a time for the same one.
  ['page', 'GET /?late HTTP'],
  ['session', 'POST /api/sessions HTTP'],
] as const) {
  testUnless(
    test,
    pageMissing,
    `a tab whose ${what} comes late on a first visit takes no session away`,
    async () => {
      const line = await newProxy();
      const url = `http://127.0.0.1:${line.port}`;
      const server = await newServer({ env: { SLUICE_ENGINES: 'http', SLUICE_ORIGINS: url } });
      line.lead(server.port);
      const context = await newBrowser();
      const [late, prompt] = [Visit.on(await context.newPage()), Visit.on(await context.newPage())];
      const held = line.hold(request);
      const loading = late.page.goto(`${url}/?late`);
      await held.arrived;
      await prompt.page.goto(url);
      // If the first tab waits for its session, the second one waits for the first.
      if (what === 'session') held.release();
      await prompt.ready();
      await add(prompt, 'prompt.bin');
      held.release();
      await loading;
      await late.ready();
      await late.row('prompt.bin').waitFor();
      await prompt.page.reload();
      await prompt.row('prompt.bin').waitFor();
      for (const visit of [prompt, late]) assert.is(await visit.lost.count(), 0);
    },
  );
}

/**
 * Plain http to another machine is not a secure context: the browser sends no Sec-Fetch-Site, and has no Web Locks.
 * Here those machines are names of this one.
 */
async function onLan(): Promise<BrowserContext> {
  const names = ['nas.test', 'dashboard.test'].map((name) => `MAP ${name} 127.0.0.1`).join(', ');
  lan ??= await launchBrowser([`--host-resolver-rules=${names}`]);
  return newBrowser(lan);
}
let lan: Browser | null = null;
test.after(() => lan?.close());

testUnless(
  test,
  pageMissing,
  'over plain http on a network tabs share a session, and a link keeps the list, also with an old cookie',
  async () => {
    const port = await freePort();
    const nas = `http://nas.test:${port}/`;
    await newServer({ port, env: { SLUICE_ENGINES: 'http', SLUICE_ORIGINS: nas.slice(0, -1) } });
    const context = await onLan();
    const tabs = await openTabs(context, 2, nas);
    assert.not(
      await tabs[0]!.page.evaluate(() => isSecureContext || 'locks' in navigator),
      'it is not secure',
    );
    await showSameList(tabs, nas);
    const [cookie] = await context.cookies();
    for (const sameSite of ['Lax', 'Strict'] as const) {
      await context.clearCookies();
      await context.addCookies([{ ...cookie!, sameSite }]);
      const visit = Visit.on(await context.newPage());
      const asking = visit.page.waitForRequest((request) => request.url() === nas);
      await followLink(visit, `http://dashboard.test:${other.port}`, nas);
      assert.is((await (await asking).allHeaders())['sec-fetch-site'], undefined);
      await visit.row('tab-1.bin').waitFor();
      assert.equal([await visit.session(), await visit.lost.count()], [cookie!.value, 0]);
      assert.is((await context.cookies())[0]?.sameSite, 'Lax');
    }
  },
);

for (const isLate of [false, true]) {
  testUnless(
    test,
    pageMissing,
    `without Web Locks, all tabs switch to the newest session${isLate ? ', also if the scripts of the first tab come late' : ''}`,
    async () => {
      const line = await newProxy();
      const url = `http://nas.test:${line.port}/`;
      const server = await newServer({ env: { SLUICE_ENGINES: 'http', SLUICE_ORIGINS: url.slice(0, -1) } });
      line.lead(server.port);
      const context = await onLan();
      const [first, second] = [Visit.on(await context.newPage()), Visit.on(await context.newPage())];
      const scripts = Promise.withResolvers<void>();
      if (!isLate) scripts.resolve();
      await first.page.route('**/_app/**', async (route) => {
        await scripts.promise;
        await route.continue();
      });
      const page = line.hold('GET /?second HTTP');
      const session = line.hold('POST /api/sessions HTTP');
      const loading = second.page.goto(`${url}?second`);
      await page.arrived;
      await first.page.goto(url, { waitUntil: 'commit' });
      await session.arrived;
      // The second tab loaded before the first one had a session, and requests its own before the first one gets one.
      page.release();
      await loading;
      await second.ready();
      scripts.resolve();
      const following = second.page.waitForEvent('load');
      session.release();
      await following;
      await showSameList([first, second], url);
    },
  );
}

test.run();
