import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { axeFindings } from '../support/browser.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { testUnless } from '../support/skip.ts';

const fixture = pageFixture(test);

testUnless(test, pageMissing, 'a filter without matches says what was not found', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  for (const [filter, text] of [
    ['active', 'Nothing is running'],
    ['waiting', 'Nothing is waiting'],
    ['done', 'Nothing is done yet'],
    ['failed', 'Nothing has failed'],
  ] as const) {
    await visit.page.getByTestId(`filter-${filter}`).click();
    await visit.page.getByRole('heading', { name: text }).waitFor();
  }
  await visit.page.getByTestId('filter-text').fill('word');
  await visit.page.getByRole('heading', { name: 'Nothing matches' }).waitFor();
  await visit.close();
});

for (const width of [320, 1280]) {
  testUnless(test, pageMissing, `at ${width} px a failed row shows its host`, async () => {
    const visit = await Visit.open(fixture.browser, fixture.server.url, { viewport: { width, height: 740 } });
    await visit.downloadNow(`${fixture.site.url}/none.mp4`);
    await visit.waitForState('none.mp4', 'error');
    const host = visit.row('none.mp4').getByText(new URL(fixture.site.url).host);
    assert.ok(await host.isVisible());
    await visit.shot(`6-failed ${width}`);
    await visit.close();
  });
}

testUnless(test, pageMissing, 'the details show an unknown size as not known', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  await visit.downloadNow(
    `${fixture.site.url}/file/silent.bin?fault=hang`,
    `${fixture.site.url}/file/whole.bin`,
  );
  await visit.waitForState('silent.bin', 'parse');
  await visit.press('Details', 'silent.bin');
  const drawer = visit.page.getByTestId('details-drawer');
  const value = (term: string) =>
    drawer.getByRole('term').filter({ hasText: term }).locator('+ dd').textContent();
  assert.is(await value('Progress'), 'Not known');
  await visit.page.keyboard.press('Escape');
  await visit.waitForState('whole.bin', 'complete');
  await visit.press('Details', 'whole.bin');
  assert.match((await value('Size')) ?? '', /^1\.0\sMB$/);
  await visit.close();
});

testUnless(test, pageMissing, 'a notice can be read and dismissed above a dialog', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  await visit.downloadNow('http://10.0.0.1/refused.bin', `${fixture.site.url}/file/shown.bin`);
  const notice = visit.page.getByTestId('notice').filter({ hasText: 'private' });
  await notice.waitFor();
  await visit.press('Details', 'shown.bin');
  await visit.page.getByTestId('details-drawer').locator(notice).waitFor();
  assert.is(await notice.count(), 1);
  await visit.shot('5-notice');
  assert.equal(await axeFindings(visit.page), []);
  await notice.getByRole('button').click();
  await notice.waitFor({ state: 'detached' });
  assert.ok(await visit.page.getByTestId('details-drawer').isVisible());
  assert.equal(visit.errors, []);
  await visit.close();
});

testUnless(test, pageMissing, 'a dialog dims the whole page without moving it', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  const measure = () =>
    visit.page.evaluate(() => ({
      left: document.querySelector('main')!.getBoundingClientRect().left,
      bright: innerWidth - document.documentElement.getBoundingClientRect().width,
    }));
  const before = await measure();
  assert.ok(before.bright > 0, 'room is kept for a scrollbar');
  await visit.page.getByTestId('keys').click();
  await visit.page.getByTestId('keys-dialog').waitFor();
  assert.equal(await measure(), { left: before.left, bright: 0 });
  await visit.page.keyboard.press('Escape');
  await visit.page.getByTestId('keys-dialog').waitFor({ state: 'detached' });
  assert.equal(await measure(), before);
  await visit.close();
});

test.run();
