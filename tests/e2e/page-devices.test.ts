/** The page of a list's devices: a second browser by a link, a token for a program, and withdrawing both. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Api } from '../support/api.ts';
import { axeFindings } from '../support/browser.ts';
import { visitWithList } from '../support/lost-list.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { testUnless } from '../support/skip.ts';

const PHONE = {
  viewport: { width: 360, height: 740 },
  isMobile: true,
  hasTouch: true,
  colorScheme: 'dark' as const,
  userAgent: 'Mozilla/5.0 (Android 15; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0',
};
const fixture = pageFixture(test);

testUnless(test, pageMissing, 'a phone opens the list by a link, until it is withdrawn', async () => {
  const visit = await visitWithList(fixture);
  const { page } = visit;
  await page.getByTestId('devices').click();
  await page.getByTestId('device').getByText('This one').waitFor();
  await page.getByRole('button', { name: 'Make a link' }).click();
  await page.getByRole('img', { name: 'QR code of the link' }).waitFor();
  await visit.shot('devices-link');
  assert.equal(await axeFindings(page), []);
  const url = (await page.getByTestId('device-link-url').textContent()) ?? '';

  const phone = await Visit.open(fixture.browser, fixture.server.url, PHONE);
  await phone.page.goto(url);
  await phone.page.getByTestId('link-open').click();
  await phone.row('mine.bin').waitFor();
  await phone.page.goto(`${fixture.server.url}/devices`);
  await phone.page.getByTestId('device').nth(1).waitFor();
  await phone.shot('devices-phone');
  assert.equal(await axeFindings(phone.page), []);
  const overflow = await phone.page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  assert.ok(overflow <= 0, `${overflow} px are wider than the screen`);
  await phone.page.goto(fixture.server.url);
  await phone.ready();

  await page.reload();
  await page.getByRole('button', { name: 'Withdraw: Firefox, Android' }).click();
  await page.getByTestId('confirm').click();
  // It gets a list of its own at once, and says so.
  await phone.lost.waitFor();
  await phone.row('mine.bin').waitFor({ state: 'detached' });
  assert.is(await page.getByTestId('device').count(), 1);
  await page.goto(fixture.server.url);
  await visit.row('mine.bin').waitFor();
  assert.equal([...visit.errors, ...phone.errors.filter((error) => !/401/.test(error))], []);
  await visit.close();
  await phone.close();
});

testUnless(test, pageMissing, 'a token is shown once, works, and stops working', async () => {
  const visit = await visitWithList(fixture);
  const { page } = visit;
  await page.goto(`${fixture.server.url}/devices`);
  await page.getByTestId('token-name').fill('Bookmark');
  await page.getByRole('button', { name: 'Make a token' }).click();
  const token = (await page.getByTestId('token').textContent()) ?? '';
  await visit.shot('devices-token');
  assert.equal(await axeFindings(page), []);
  const program = new Api(fixture.server.url, token);
  await program.waitFor(await program.add({ url: `${fixture.site.url}/file/by-token.bin` }), 'complete');
  await page.reload();
  assert.is(await page.getByTestId('token').count(), 0);
  await page.getByRole('button', { name: 'Withdraw: Bookmark' }).click();
  await page.getByTestId('confirm').click();
  await page.getByText('Bookmark', { exact: true }).waitFor({ state: 'detached' });
  assert.is((await program.call('GET', '/api/downloads')).status, 401);
  await page.getByRole('link', { name: 'Go to the downloads' }).click();
  await visit.row('by-token.bin').waitFor();
  assert.equal(visit.errors, []);
  await visit.close();
});

test.run();
