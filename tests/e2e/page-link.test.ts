/** Who comes by a link from another site finds the list that the browser has; who comes for the first time gets one. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { launchBrowser } from '../support/browser.ts';
import { type OtherSite, pageOn, redirectOn, startOtherSite } from '../support/other-site.ts';
import { pageGround, pageMissing } from '../support/page-ground.ts';
import { STEP_MS, Visit } from '../support/page.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { startSlowLine } from '../support/slow-line.ts';
import { waitFor } from '../support/wait.ts';

const ground = pageGround(test);
let other: OtherSite;
test.before(async () => {
  other = await startOtherSite();
});
test.after(() => other.close());

const home = (): string => `${ground.server.url}/`;

/** A browser with one finished download on its list. */
async function withList(): Promise<Visit> {
  const visit = await Visit.open(ground.browser, home());
  await visit.downloadNow(`${ground.site.url}/file/mine.bin`);
  await visit.waitForState('mine.bin', 'complete');
  return visit;
}

async function sessionOf(context: BrowserContext): Promise<string> {
  const found = (await context.cookies()).filter(({ name }) => name === 'sluice_session');
  assert.is(found.length, 1, 'one session cookie');
  return found[0]?.value ?? '';
}

/** Where the page is now, and in a tab that is opened by hand. */
async function hasItsList(visit: Visit, before: string, how: string): Promise<void> {
  await visit.ready();
  await visit.row('mine.bin').waitFor();
  assert.is(await sessionOf(visit.page.context()), before, how);
  assert.is(await visit.page.getByTestId('lost').count(), 0, how);
}

const go = (url: string): string => JSON.stringify(url);
/** By what a page elsewhere brings a browser here. All of them are navigations, and none is a change. */
const WAYS: [how: string, html: (to: string) => string][] = [
  ['a link', (to) => `<a id="go" href="${to}">Sluice</a>`],
  ['a link that hides where it is', (to) => `<a id="go" rel="noreferrer" href="${to}">Sluice</a>`],
  ['a form with GET', (to) => `<form action="${to}"><button id="go">Sluice</button></form>`],
  ['a script', (to) => `<button id="go" onclick='location.href=${go(to)}'>Sluice</button>`],
  ['a refresh', (to) => `<meta http-equiv="refresh" content="0; url=${to}">`],
  ['a redirect', (to) => `<a id="go" href="${redirectOn('', to)}">Sluice</a>`],
];

for (const where of ['url', 'sameSiteUrl'] as const) {
  const whose = where === 'url' ? 'another site' : 'another port of the same host';
  testUnless(test, pageMissing, `whatever on ${whose} leads here leads to the list there is`, async () => {
    const visit = await withList();
    const before = await sessionOf(visit.page.context());
    const set: string[] = [];
    visit.page.on('response', async (response) => {
      const isPage = response.url().startsWith(home()) && response.request().isNavigationRequest();
      const site = (await response.request().allHeaders())['sec-fetch-site'];
      const cookie = await response.headerValue('set-cookie');
      if (isPage && site !== 'none' && cookie !== null) set.push(`${site}: ${cookie}`);
    });
    for (const [how, html] of WAYS) {
      await visit.page.goto(pageOn(other[where], html(home())));
      if (how !== 'a refresh') await visit.page.locator('#go').click();
      await visit.page.waitForURL((url) => url.origin === ground.server.url);
      await hasItsList(visit, before, how);
    }
    assert.equal(set, [], 'no navigation from elsewhere sets a cookie');
    await visit.close();
  });
}

testUnless(
  test,
  pageMissing,
  'a window that another site opens has the list, and so has going back to it',
  async () => {
    const visit = await withList();
    const { page } = visit;
    const before = await sessionOf(page.context());
    await page.goto(pageOn(other.url, `<button onclick='window.open(${go(home())})'>Sluice</button>`));
    const opening = page.waitForEvent('popup');
    await page.getByRole('button').click();
    const popup = await opening;
    await popup.getByTestId('download').waitFor();
    await page.goto(pageOn(other.url, `<a href="${home()}">Sluice</a>`));
    await page.getByRole('link').click();
    await hasItsList(visit, before, 'by the link');
    await page.goBack();
    await page.goForward();
    await hasItsList(visit, before, 'back and forward');
    await page.reload();
    await hasItsList(visit, before, 'a reload of what a link led to');
    await visit.close();
  },
);

testUnless(
  test,
  pageMissing,
  'a way that leads from us through another site and back keeps the list',
  async () => {
    const visit = await withList();
    const before = await sessionOf(visit.page.context());
    await visit.page.evaluate(
      (url) => (location.href = url),
      redirectOn(other.url, redirectOn(other.sameSiteUrl, home())),
    );
    await visit.page.waitForURL((url) => url.origin === ground.server.url);
    await hasItsList(visit, before, 'through two others');
    await visit.close();
  },
);

testUnless(
  test,
  pageMissing,
  'what no person follows takes no session away: frames, images, scripts, prefetches, posts',
  async () => {
    const visit = await withList();
    const { page } = visit;
    const before = await sessionOf(page.context());
    for (const site of [other.url, other.sameSiteUrl]) {
      for (const html of [
        `<iframe src="${home()}"></iframe>`,
        `<img src="${home()}"><script src="${home()}"></script><link rel="prefetch" href="${home()}">`,
        `<script>fetch(${go(home())}, {mode: 'no-cors', credentials: 'include'})</script>`,
        `<script type="speculationrules">{"prefetch": [{"urls": [${go(home())}], "eagerness": "immediate"}], "prerender": [{"urls": [${go(home())}], "eagerness": "immediate"}]}</script>`,
        `<form id="f" method="post" action="${home()}"></form><script>f.submit()</script>`,
        `<form id="f" method="post" action="${ground.server.url}/api/sessions"></form><script>f.submit()</script>`,
        `<form id="f" method="post" action="${redirectOn('', home(), 307)}"></form><script>f.submit()</script>`,
      ]) {
        await page.goto(pageOn(site, html), { waitUntil: 'networkidle' });
        assert.is(await sessionOf(page.context()), before, html);
      }
    }
    await page.goto(home());
    await hasItsList(visit, before, 'after all of them');
    await visit.close();
  },
);

testUnless(
  test,
  pageMissing,
  'a cookie that an older Sluice set, which a link does not bring along, keeps its list',
  async () => {
    const visit = await withList();
    const { page } = visit;
    const context = page.context();
    const [cookie] = await context.cookies();
    await context.clearCookies();
    await context.addCookies([{ ...cookie!, sameSite: 'Strict' }]);
    await page.goto(pageOn(other.url, `<a href="${home()}">Sluice</a>`));
    await page.getByRole('link').click();
    await hasItsList(visit, cookie!.value, 'the first link after the upgrade');
    assert.is((await context.cookies())[0]?.sameSite, 'Lax', 'and from now on it comes along');
    await visit.close();
  },
);

for (const where of ['url', 'sameSiteUrl'] as const) {
  testUnless(test, pageMissing, `a first visit by a link gets a session that stays (${where})`, async () => {
    const context = await ground.browser.newContext({ locale: 'en-GB' });
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_MS);
    await page.goto(pageOn(other[where], `<a href="${home()}">Sluice</a>`));
    await page.getByRole('link').click();
    await live(page);
    assert.is(await page.getByTestId('lost').count(), 0);
    const session = await sessionOf(context);
    await add(page, `${ground.site.url}/file/first.bin`);
    await page.reload();
    await page.getByTestId('download').waitFor();
    assert.is(await sessionOf(context), session);
    await context.close();
  });
}

/** The tabs of a first visit agree: what is added in one is in all, and in the next one. */
async function agree(context: BrowserContext, pages: Page[], url: string): Promise<void> {
  for (const page of pages) await live(page);
  for (const [index, page] of pages.entries()) await add(page, `${ground.site.url}/file/tab-${index}.bin`);
  const later = await context.newPage();
  await later.goto(url);
  for (const page of [...pages, later]) {
    await waitFor(async () => (await page.getByTestId('download').count()) === pages.length, {
      what: `${pages.length} downloads in every tab`,
    });
    assert.is(await page.getByTestId('lost').count(), 0);
  }
}

testUnless(
  test,
  pageMissing,
  'tabs that are opened at once on a first visit end in one session',
  async () => {
    const context = await ground.browser.newContext({ locale: 'en-GB' });
    const pages = await Promise.all([1, 2, 3].map(() => context.newPage()));
    await Promise.all(pages.map((page) => page.goto(home())));
    await agree(context, pages, home());
    await context.close();
  },
);

for (const [what, request] of [
  ['page', 'GET / HTTP'],
  ['session', 'POST /api/sessions HTTP'],
] as const) {
  testUnless(
    test,
    pageMissing,
    `a tab whose ${what} comes late on a first visit takes no session away`,
    async () => {
      const line = await startSlowLine();
      const url = `http://127.0.0.1:${line.port}/`;
      const env = { SLUICE_ENGINES: 'http', SLUICE_ORIGINS: url.slice(0, -1) };
      const server = await startServer({ env });
      line.lead(server.port);
      const context = await ground.browser.newContext({ locale: 'en-GB' });
      const [late, prompt] = [await context.newPage(), await context.newPage()];
      const held = line.hold(request);
      const loading = late.goto(url);
      await held.arrived;
      await prompt.goto(url);
      // Where the first tab waits for its session, the second one waits for the first.
      if (what === 'session') held.release();
      await live(prompt);
      await add(prompt, `${ground.site.url}/file/prompt.bin`);
      held.release();
      await loading;
      await live(late);
      await late.getByTestId('download').waitFor();
      await prompt.reload();
      await prompt.getByTestId('download').waitFor();
      for (const page of [prompt, late]) assert.is(await page.getByTestId('lost').count(), 0);
      await context.close();
      await server.stop();
      await line.close();
    },
  );
}

/**
 * Plain http to another machine is not secure for a browser: it sends no Sec-Fetch-Site, and has no locks for its tabs.
 * Here that machine is a name for this one.
 */
async function onLan(
  run: (browser: Browser, server: TestServer, elsewhere: string) => Promise<void>,
): Promise<void> {
  const port = await freePort();
  const browser = await launchBrowser([
    '--host-resolver-rules=MAP nas.test 127.0.0.1, MAP dashboard.test 127.0.0.1',
  ]);
  const server = await startServer({
    port,
    env: { SLUICE_ENGINES: 'http', SLUICE_ORIGINS: `http://nas.test:${port}` },
  });
  try {
    await run(browser, server, `http://dashboard.test:${other.port}`);
  } finally {
    await browser.close();
    await server.stop();
  }
}

testUnless(
  test,
  pageMissing,
  'over plain http on a network a link keeps the list, an old cookie too, and tabs agree',
  async () => {
    await onLan(async (browser, { port }, elsewhere) => {
      const nas = `http://nas.test:${port}/`;
      const context = await browser.newContext({ locale: 'en-GB' });
      const pages = await Promise.all([1, 2].map(() => context.newPage()));
      await Promise.all(pages.map((page) => page.goto(nas)));
      assert.not(await pages[0]!.evaluate(() => isSecureContext || 'locks' in navigator), 'it is not secure');
      await agree(context, pages, nas);
      const [cookie] = await context.cookies();
      for (const sameSite of ['Lax', 'Strict'] as const) {
        await context.clearCookies();
        await context.addCookies([{ ...cookie!, sameSite }]);
        const page = await context.newPage();
        const asking = page.waitForRequest((request) => request.url() === nas);
        await page.goto(pageOn(elsewhere, `<a href="${nas}">Sluice</a>`));
        await page.getByRole('link').click();
        assert.is((await (await asking).allHeaders())['sec-fetch-site'], undefined);
        await live(page);
        await page.getByTestId('download').first().waitFor();
        assert.equal(
          [await page.getByTestId('download').count(), await sessionOf(context)],
          [2, cookie!.value],
        );
        assert.is((await context.cookies())[0]?.sameSite, 'Lax');
      }
      await context.close();
    });
  },
);

async function live(page: Page): Promise<void> {
  await page.getByTestId('connection').and(page.locator('[data-state="live"]')).waitFor({ timeout: STEP_MS });
}

async function add(page: Page, url: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Addresses to download' }).fill(url);
  await page.getByRole('button', { name: 'Download now' }).click();
  const name = new URL(url).pathname.split('/').at(-1) ?? '';
  await page.getByTestId('download').filter({ hasText: name }).waitFor({ timeout: STEP_MS });
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => probe.once('listening', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}

test.run();
