import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { axeFindings } from '../support/browser.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';

const fixture = pageFixture(test);

const count = (visit: Visit): Promise<number> => visit.page.getByTestId('download').count();

testUnless(
  test,
  pageMissing,
  'complete downloads are cleared with one confirmation, and their files stay',
  async () => {
    const visit = await Visit.open(fixture.browser, fixture.server.url);
    await visit.downloadNow(
      `${fixture.site.url}/file/one.bin`,
      `${fixture.site.url}/file/two.bin`,
      `${fixture.site.url}/file/other.dat`,
      `${fixture.site.url}/none.mp4`,
    );
    for (const name of ['one.bin', 'two.bin', 'other.dat']) await visit.waitForState(name, 'complete');
    await visit.waitForState('none.mp4', 'error');
    assert.is(await visit.page.getByTestId('clear-all').count(), 0);
    await visit.page.getByTestId('filter-done').click();
    // Rows hidden by the search are not cleared.
    await visit.page.getByTestId('filter-text').fill('.bin');
    await visit.page.getByRole('button', { name: 'Clear these' }).click();
    const dialog = visit.page.getByTestId('clear-dialog');
    await dialog.getByRole('heading', { name: 'Clear 2 downloads off the list?' }).waitFor();
    await dialog.getByText('Their files are kept.').waitFor();
    await visit.shot('5-clear');
    assert.equal(await axeFindings(visit.page), []);
    await dialog.getByRole('button', { name: 'Keep them' }).click();
    assert.is(await count(visit), 2);
    await visit.page.getByRole('button', { name: 'Clear these' }).click();
    await dialog.getByTestId('confirm').click();
    await visit.page.getByText('2 downloads cleared').waitFor();
    await visit.page.getByTestId('filter-text').fill('');
    await visit.page.getByTestId('filter-all').click();
    await waitFor(async () => (await count(visit)) === 2);
    assert.ok(existsSync(join(fixture.server.place.downloadDir, 'one.bin')));
    assert.equal(visit.errors, []);
    await visit.close();
  },
);

/** Whether the server has the twice failing downloads as complete. */
function areComplete(visit: Visit): Promise<boolean> {
  return visit.page.evaluate(async () => {
    const { downloads } = (await (await fetch('/api/downloads')).json()) as {
      downloads: { url: string; state: string }[];
    };
    const failing = downloads.filter(({ url }) => url.includes('times=2'));
    return failing.length === 2 && failing.every(({ state }) => state === 'complete');
  });
}

testUnless(test, pageMissing, 'all failed downloads can be retried at once', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  const url = (name: string) => `${fixture.site.url}/file/${name}?fault=status=404&times=2`;
  await visit.downloadNow(url('first.bin'), url('second.bin'));
  await visit.waitForState('first.bin', 'error');
  await visit.waitForState('second.bin', 'error');
  await visit.page.getByTestId('filter-failed').click();
  await visit.shot('3-failed');
  await waitFor(async () => {
    const retry = visit.page.getByRole('button', { name: 'Try all again' });
    if ((await retry.count()) > 0) await retry.click();
    // Not "none has failed", which also holds between two attempts; the second one fails too.
    return areComplete(visit);
  });
  await waitFor(async () => (await count(visit)) === 0);
  await visit.page.getByTestId('filter-all').click();
  await visit.waitForState('first.bin', 'complete');
  await visit.waitForState('second.bin', 'complete');
  await visit.close();
});

testUnless(test, pageMissing, 'in a confirmation the safe button has the focus', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  await visit.downloadNow(`${fixture.site.url}/file/kept.bin`);
  await visit.waitForState('kept.bin', 'complete');
  await visit.press('Remove', 'kept.bin');
  await visit.page.getByTestId('remove-dialog').waitFor();
  assert.is(await visit.page.evaluate(() => document.activeElement?.textContent), 'Keep it');
  await visit.page.keyboard.press('Enter');
  await visit.page.getByTestId('remove-dialog').waitFor({ state: 'detached' });
  assert.is(await count(visit), 1);
  await visit.close();
});

test.run();
