/** The page of sites' sign-ins: one is kept, used by a download, replaced and removed, and its value is in no page. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { BrowserContextOptions } from 'playwright-core';
import { axeFindings } from '../support/browser.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { testUnless } from '../support/skip.ts';

const PASSWORD = 'c4n4ry-Pa55word-7';
const fixture = pageFixture(test);
let site: Server;
test.before(async () => {
  site = createServer(({ headers }, response) => {
    const isIn = headers.authorization === `Basic ${Buffer.from(`jo:${PASSWORD}`).toString('base64')}`;
    response.writeHead(isIn ? 200 : 401, { 'content-type': 'application/octet-stream' });
    response.end(isIn ? 'the file' : '');
  });
  await once(site.listen(0, '127.0.0.1'), 'listening');
});
test.after(() => {
  site.close();
});

async function keep(visit: Visit, value: string): Promise<void> {
  const { page } = visit;
  await page.getByTestId('secret-name').fill('nas');
  await page
    .getByTestId('secret-site')
    .fill(`http://127.0.0.1:${(site.address() as AddressInfo).port}/films`);
  await page.getByTestId('secret-who').fill('jo');
  await page.getByTestId('secret-value').fill(value);
  await page.locator('form button[type="submit"]').click();
  await page.getByTestId('secret-made').filter({ hasText: 'nas' }).waitFor();
}

testUnless(test, pageMissing, 'a sign-in is kept on its page, used, and removed', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  const { page } = visit;
  await page.goto(`${fixture.server.url}/devices`);
  await page.getByRole('link', { name: "Sites' sign-ins" }).click();
  await page.getByText('Nothing is kept yet.').waitFor();
  await keep(visit, 'wrong');
  await keep(visit, PASSWORD);
  assert.is(await page.getByTestId('secret').count(), 1, 'the second replaces the first');
  await page.reload();
  await page.getByTestId('secret').waitFor();
  assert.not.match(await page.content(), PASSWORD);
  await page.getByRole('link', { name: 'Go to the downloads' }).click();
  await visit.ready();
  await visit.downloadNow(`http://127.0.0.1:${(site.address() as AddressInfo).port}/mine.bin`);
  await visit.waitForState('mine.bin', 'complete');
  await page.goto(`${fixture.server.url}/secrets`);
  await page.getByRole('button', { name: 'Remove: nas' }).click();
  await page.getByTestId('confirm').click();
  await page.getByText('Nothing is kept yet.').waitFor();
  assert.equal(visit.errors, []);
  await visit.close();
});

const LOOKS: [what: string, options: BrowserContextOptions][] = [
  ['on a wide screen', {}],
  [
    'in Chinese, on a phone in the dark',
    { viewport: { width: 360, height: 740 }, isMobile: true, locale: 'zh-CN', colorScheme: 'dark' },
  ],
];
for (const [what, options] of LOOKS) {
  testUnless(test, pageMissing, `${what} the page is whole, and axe finds nothing`, async () => {
    const visit = await Visit.open(fixture.browser, fixture.server.url, options);
    await visit.page.goto(`${fixture.server.url}/secrets`);
    await keep(visit, PASSWORD);
    await visit.page.getByTestId('secret').waitFor();
    await visit.shot(`secrets ${what}`);
    assert.equal(await axeFindings(visit.page), []);
    const overflow = await visit.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.ok(overflow <= 0, `${overflow} px are wider than the screen`);
    assert.equal(visit.errors, []);
    await visit.close();
  });
}

test.run();
