/** A browser that lost its list is told so, and gets it back by a link of the operator. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { axeFindings } from '../support/browser.ts';
import { sluice } from '../support/cli.ts';
import { type OtherSite, pageOn, startOtherSite } from '../support/other-site.ts';
import { pageGround, pageMissing } from '../support/page-ground.ts';
import { Visit } from '../support/page.ts';
import { makePlace, type Place, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';

const ground = pageGround(test);
let other: OtherSite;
test.before(async () => {
  other = await startOtherSite();
});
test.after(() => other.close());

const LOOKS: [what: string, options: BrowserContextOptions][] = [
  ['on a wide screen', {}],
  ['in the dark', { colorScheme: 'dark' }],
  ['on a phone', { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true }],
  [
    'in Chinese, on a phone in the dark',
    { viewport: { width: 360, height: 740 }, locale: 'zh-CN', colorScheme: 'dark' },
  ],
];

/** A browser with downloads on its list. */
async function withList(options: BrowserContextOptions = {}, url = ground.server.url): Promise<Visit> {
  const visit = await Visit.open(ground.browser, url, options);
  await addTo(visit, 'mine.bin', 'more.bin');
  return visit;
}

async function addTo(visit: Visit, ...names: string[]): Promise<void> {
  await visit.page
    .getByRole('textbox')
    .first()
    .fill(names.map((name) => `${ground.site.url}/file/${name}`).join('\n'));
  await visit.page.keyboard.press('Control+Enter');
  for (const name of names) await visit.waitForState(name, 'complete');
}

const idOf = async (visit: Visit): Promise<string> => (await visit.session()).slice(0, 16);

async function loseCookie(visit: Visit): Promise<void> {
  await visit.page.context().clearCookies();
  await visit.page.goto(visit.page.url());
  await visit.ready();
}

/** What the notice says to type, typed; @returns the link that is printed */
async function typeLine(line: string, place: Place, url: string): Promise<string> {
  const args = line.split(' ');
  assert.equal(args.slice(0, 2), ['npx', 'sluice']);
  const { stdout, stderr, code } = await sluice([...args.slice(2), '--server', url], { place });
  assert.equal([code, stderr], [0, '']);
  return stdout.trim();
}

async function reopenLine(page: Page): Promise<string> {
  return (await page.getByTestId('reopen-line').textContent()) ?? '';
}

testUnless(
  test,
  pageMissing,
  'a list that was lost is told of until that is dismissed, and never again',
  async () => {
    const visit = await withList();
    const lost = await idOf(visit);
    assert.is(await visit.lost.count(), 0);
    await loseCookie(visit);
    await visit.lost.waitFor();
    assert.is(await visit.page.getByTestId('download').count(), 0);
    assert.is.not(await idOf(visit), lost);
    assert.is(await reopenLine(visit.page), `npx sluice operator --session=${lost}`);
    await visit.page.reload();
    await visit.ready();
    await visit.lost.waitFor();
    const tab = await visit.tab(ground.server.url);
    await tab.lost.waitFor();
    await visit.page.getByRole('button', { name: 'Go on with this list' }).click();
    await visit.lost.waitFor({ state: 'detached' });
    await tab.lost.waitFor({ state: 'detached' });
    for (const each of [visit, tab]) {
      await each.page.reload();
      await each.ready();
      assert.is(await each.lost.count(), 0);
      assert.equal(each.errors, []);
    }
    await visit.close();
  },
);

testUnless(
  test,
  pageMissing,
  'a new key of the server is told of too, to a page that is open, and without storage',
  async () => {
    const place = makePlace();
    const env = { SLUICE_ENGINES: 'http' };
    const before = await startServer({ place, env });
    const { port, url } = before;
    const open = await withList({}, url);
    const noStorage = await withList({}, url);
    const [first, second] = [await idOf(open), await idOf(noStorage)];
    await noStorage.page.evaluate(() => localStorage.clear());
    await noStorage.page.goto('about:blank');
    await before.stop();
    rmSync(join(place.dataDir, 'token.key'));
    const after = await startServer({ place, env, port });
    try {
      await open.lost.waitFor();
      assert.is(await reopenLine(open.page), `npx sluice operator --session=${first}`);
      await noStorage.page.goto(url);
      await noStorage.lost.waitFor();
      assert.is(await reopenLine(noStorage.page), `npx sluice operator --session=${second}`);
      await open.page.goto(await typeLine(await reopenLine(open.page), place, url));
      await open.page.getByTestId('link-open').click();
      await open.row('mine.bin').waitFor();
      assert.is(await open.lost.count(), 0);
      await open.close();
      await noStorage.close();
    } finally {
      await after.stop();
      place.remove();
    }
  },
);

testUnless(
  test,
  pageMissing,
  'the line of the notice makes a link that brings the list back, in every tab',
  async () => {
    const visit = await withList();
    const lost = await idOf(visit);
    await loseCookie(visit);
    await addTo(visit, 'newer.bin');
    const newer = await idOf(visit);
    const tab = await visit.tab(ground.server.url);
    await tab.row('newer.bin').waitFor();
    const link = await typeLine(await reopenLine(visit.page), ground.server.place, ground.server.url);
    const { page } = visit;
    await page.goto(link);
    await page
      .getByTestId('link-opens')
      .filter({ hasText: lost })
      .filter({ hasText: '2 downloads' })
      .waitFor();
    await page
      .getByTestId('link-present')
      .filter({ hasText: newer })
      .filter({ hasText: '1 download' })
      .waitFor();
    assert.is(
      await page.getByTestId('link-present').getByTestId('reopen-line').textContent(),
      `npx sluice operator --session=${newer}`,
    );
    assert.is(page.url(), `${ground.server.url}/link`, 'the grant does not stay in the address');
    assert.is(await idOf(visit), newer, 'nothing has happened yet');
    await page.getByRole('button', { name: 'Open this list' }).click();
    await page.waitForURL(`${ground.server.url}/`);
    await visit.ready();
    for (const each of [visit, tab]) {
      await each.row('mine.bin').waitFor();
      assert.equal([await each.page.getByTestId('download').count(), await each.lost.count()], [2, 0]);
    }
    assert.is(await idOf(visit), lost);

    await page.goto(link);
    await page.getByTestId('link-error').waitFor();
    assert.is(await idOf(visit), lost);
    const back = await typeLine(
      `npx sluice operator --session=${newer}`,
      ground.server.place,
      ground.server.url,
    );
    await page.goto(back);
    await page.getByTestId('link-open').click();
    await visit.row('newer.bin').waitFor();
    assert.is(await visit.lost.count(), 0, 'what is replaced on purpose is not lost');
    // The console tells of the 410.
    assert.equal(
      visit.errors.filter((error) => !error.includes('410')),
      [],
    );
    await visit.close();
  },
);

testUnless(
  test,
  pageMissing,
  'a link that another site leads to, or opens, waits for a person and can be left alone',
  async () => {
    const visit = await withList();
    const mine = await idOf(visit);
    const stranger = await ground.server.session();
    await stranger.add({ url: `${ground.site.url}/file/theirs.bin` });
    const line = `npx sluice operator --session=${stranger.token.slice(0, 16)}`;
    const link = await typeLine(line, ground.server.place, ground.server.url);
    const { page } = visit;
    await page.goto(pageOn(other.url, `<a href="${link}">Look</a>`));
    await page.getByRole('link').click();
    await page.getByTestId('link-open').waitFor();
    // Keys that are pressed before anybody looks do nothing.
    for (const key of ['Enter', 'Space', 'Enter']) await page.keyboard.press(key);
    assert.is(await idOf(visit), mine);
    await page.getByRole('link', { name: 'Keep the list I have' }).click();
    await visit.row('mine.bin').waitFor();
    await page.goto(pageOn(other.url, `<iframe src="${link}"></iframe>`), { waitUntil: 'networkidle' });
    assert.is(await page.frameLocator('iframe').getByTestId('link-open').count(), 0);
    await page.goto(pageOn(other.url, '<title>Form</title>'));
    const grant = new URLSearchParams(new URL(link).hash.slice(1)).get('grant') ?? '';
    await page.evaluate(
      async ([url = '', body = '']) => {
        const init = { method: 'POST', credentials: 'include', mode: 'no-cors', body } as const;
        await fetch(url, init).catch(() => {});
      },
      [`${ground.server.url}/api/links/open`, JSON.stringify({ grant })],
    );
    await page.goto(ground.server.url);
    await visit.row('mine.bin').waitFor();
    assert.is(await idOf(visit), mine);
    await visit.close();
  },
);

testUnless(
  test,
  pageMissing,
  'a link for the list that is open already, and half a link, say what they are',
  async () => {
    const visit = await withList();
    const line = `npx sluice operator --session=${await idOf(visit)}`;
    await visit.page.goto(await typeLine(line, ground.server.place, ground.server.url));
    await visit.page.getByRole('heading', { name: 'This browser has that list already' }).waitFor();
    await visit.page.goto(`${ground.server.url}/link`);
    await visit.page.getByRole('heading', { name: 'This is not a whole link' }).waitFor();
    assert.equal(await axeFindings(visit.page), []);
    await visit.page.getByRole('link', { name: 'Go to the downloads' }).click();
    await visit.row('mine.bin').waitFor();
    await visit.close();
  },
);

testUnless(
  test,
  pageMissing,
  "the operator's link from another site asks first, then shows the inspector",
  async () => {
    const visit = await withList();
    const { stdout } = await sluice(['operator', '--server', ground.server.url], {
      place: ground.server.place,
    });
    const { page } = visit;
    await page.goto(pageOn(other.url, `<a href="${stdout.trim()}">Inspector</a>`));
    await page.getByRole('link').click();
    await page.getByRole('heading', { name: 'Open the inspector in this browser?' }).waitFor();
    assert.equal(await axeFindings(page), []);
    await page.getByRole('button', { name: 'Open the inspector' }).click();
    await page.waitForURL(`${ground.server.url}/inspector`);
    await page.locator('[data-testid="inspector-connection"][data-state="live"]').waitFor();
    await visit.close();
  },
);

for (const [what, options] of LOOKS) {
  testUnless(
    test,
    pageMissing,
    `${what} the notice and the question are whole, and axe finds nothing`,
    async () => {
      const visit = await withList(options);
      await loseCookie(visit);
      await visit.lost.waitFor();
      await addTo(visit, 'newer.bin');
      await check(visit, `lost ${what}`);
      const link = await typeLine(await reopenLine(visit.page), ground.server.place, ground.server.url);
      await visit.page.goto(link);
      await visit.page.getByTestId('link-open').waitFor();
      await check(visit, `link ${what}`);
      assert.equal(visit.errors, []);
      await visit.close();
    },
  );
}

async function check(visit: Visit, name: string): Promise<void> {
  await visit.shot(name);
  assert.equal(await axeFindings(visit.page), [], name);
  const overflow = await visit.page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  assert.ok(overflow <= 0, `${name}: ${overflow} px are wider than the screen`);
}

test.run();
