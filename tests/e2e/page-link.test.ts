/** A link from another site opens the list of the browser's session. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type OtherSite, pageOn, redirectOn, startOtherSite } from '../support/other-site.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { testUnless } from '../support/skip.ts';

const fixture = pageFixture(test);
let other: OtherSite;
test.before(async () => {
  other = await startOtherSite();
});
test.after(() => other.close());

const home = (): string => `${fixture.server.url}/`;

/** A browser with one finished download on its list. */
async function withList(): Promise<Visit> {
  const visit = await Visit.open(fixture.browser, home());
  await visit.downloadNow(`${fixture.site.url}/file/mine.bin`);
  await visit.waitForState('mine.bin', 'complete');
  return visit;
}

/** Asserts the list on the current page, and in a new tab. */
async function hasItsList(visit: Visit, before: string, how: string): Promise<void> {
  await visit.ready();
  await visit.row('mine.bin').waitFor();
  assert.is(await visit.session(), before, how);
  assert.is(await visit.lost.count(), 0, how);
}

const go = (url: string): string => JSON.stringify(url);
/** The ways in which another site can navigate to the page. */
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
  testUnless(test, pageMissing, `any navigation from ${whose} leads to the existing list`, async () => {
    const visit = await withList();
    const before = await visit.session();
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
      await visit.page.waitForURL((url) => url.origin === fixture.server.url);
      await hasItsList(visit, before, how);
    }
    assert.equal(set, [], 'no navigation from elsewhere sets a cookie');
    await visit.close();
  });
}

testUnless(
  test,
  pageMissing,
  'a window opened by another site has the list, also after going back',
  async () => {
    const visit = await withList();
    const { page } = visit;
    const before = await visit.session();
    await page.goto(pageOn(other.url, `<button onclick='window.open(${go(home())})'>Sluice</button>`));
    const opening = page.waitForEvent('popup');
    await page.getByRole('button').click();
    const popup = await opening;
    await Visit.on(popup).row('mine.bin').waitFor();
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

testUnless(test, pageMissing, 'a redirect through another site and back keeps the list', async () => {
  const visit = await withList();
  const before = await visit.session();
  await visit.page.evaluate(
    (url) => (location.href = url),
    redirectOn(other.url, redirectOn(other.sameSiteUrl, home())),
  );
  await visit.page.waitForURL((url) => url.origin === fixture.server.url);
  await hasItsList(visit, before, 'through two others');
  await visit.close();
});

testUnless(
  test,
  pageMissing,
  'requests that are not navigations replace no session: frames, images, scripts, prefetches, posts',
  async () => {
    const visit = await withList();
    const { page } = visit;
    const before = await visit.session();
    for (const site of [other.url, other.sameSiteUrl]) {
      for (const html of [
        `<iframe src="${home()}"></iframe>`,
        `<img src="${home()}"><script src="${home()}"></script><link rel="prefetch" href="${home()}">`,
        `<script>fetch(${go(home())}, {mode: 'no-cors', credentials: 'include'})</script>`,
        `<script type="speculationrules">{"prefetch": [{"urls": [${go(home())}], "eagerness": "immediate"}], "prerender": [{"urls": [${go(home())}], "eagerness": "immediate"}]}</script>`,
        `<form id="f" method="post" action="${home()}"></form><script>f.submit()</script>`,
        `<form id="f" method="post" action="${fixture.server.url}/api/sessions"></form><script>f.submit()</script>`,
        `<form id="f" method="post" action="${redirectOn('', home(), 307)}"></form><script>f.submit()</script>`,
      ]) {
        await page.goto(pageOn(site, html), { waitUntil: 'networkidle' });
        assert.is(await visit.session(), before, html);
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
  "the list of an older Sluice's cookie, which a link does not send, is kept",
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

test.run();
