import { readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContextOptions, Locator } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { axeFindings } from '../support/browser.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';

const fixture = pageFixture(test);

testUnless(test, pageMissing, 'the header of a card says if the page has more items', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  const card = await visit.lookUp(`${fixture.site.url}/page/endless`);
  await card
    .getByRole('status')
    .getByText(/\d+ items, the page has more/)
    .waitFor();
  assert.is(await card.getByTestId('lookup-item').count(), 25);
  await visit.shot('2-more than is listed');
  const whole = await visit.lookUp(`${fixture.site.url}/page/gallery`);
  await whole.getByRole('status').getByText('140 items').waitFor();
  assert.not.match((await whole.getByRole('status').textContent()) ?? '', /more/);
  assert.equal(visit.errors, []);
  await visit.close();
});

const isFocused = (locator: Locator) => locator.evaluate((element) => element === document.activeElement);

async function lookUpAll(visit: Visit, ...urls: string[]): Promise<Locator> {
  await visit.field.fill(urls.join('\n'));
  await visit.page.getByRole('button', { name: 'Look up', exact: true }).click();
  return visit.page.getByTestId('lookup');
}

for (const [what, options] of [
  ['on a wide screen', {}],
  ['on a narrow phone in the dark', { viewport: { width: 320, height: 640 }, colorScheme: 'dark' }],
] as [string, BrowserContextOptions][]) {
  testUnless(test, pageMissing, `cards of one site can be distinguished ${what}`, async () => {
    const visit = await Visit.open(fixture.browser, fixture.server.url, options);
    const long = `/file/long.bin?size=900&seed=${'1'.repeat(200)}`;
    const cards = await lookUpAll(
      visit,
      `${fixture.site.url}/page/three`,
      fixture.site.url + long,
      `${fixture.site.url}/page/empty?x=1`,
    );
    const settled = cards.and(visit.page.locator(':not([data-phase="running"])'));
    await waitFor(async () => (await settled.count()) === 3);
    assert.equal(await cards.getByTestId('lookup-path').allTextContents(), [
      '/page/three',
      long,
      '/page/empty?x=1',
    ]);
    const host = new URL(fixture.site.url).host;
    const headings = await cards.getByTestId('lookup-heading').allTextContents();
    assert.equal(headings, ['Three clips & a song', host, host]);
    await visit.shot(`2-cards of one site ${what}`);
    assert.equal(await axeFindings(visit.page), []);
    const overflow = await visit.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.ok(overflow <= 0, `${overflow} px are wider than the screen`);
    await visit.page.getByRole('button', { name: 'Put all away' }).click();
    assert.is(await cards.count(), 0);
    assert.ok(await isFocused(visit.field));
    assert.equal(visit.errors, []);
    await visit.close();
  });
}

testUnless(
  test,
  pageMissing,
  'when a card is dismissed, the focus goes to the next one, then to the field',
  async () => {
    const visit = await Visit.open(fixture.browser, fixture.server.url);
    const { keyboard } = visit.page;
    const cards = await lookUpAll(
      visit,
      `${fixture.site.url}/page/three`,
      `${fixture.site.url}/file/second.bin`,
      `${fixture.site.url}/page/empty`,
    );
    await cards.and(visit.page.locator('[data-phase="failed"]')).waitFor();
    await waitFor(async () => (await cards.and(visit.page.locator('[data-phase="done"]')).count()) === 2);
    assert.is(await visit.page.getByTestId('dismiss-all').count(), 1);
    await cards.first().getByRole('button', { name: 'Put away' }).focus();
    await keyboard.press('Enter');
    const second = cards.filter({ hasText: '/file/second.bin' });
    await waitFor(() => isFocused(second));
    const failed = cards.filter({ hasText: '/page/empty' });
    await failed.getByRole('button', { name: 'Try again' }).focus();
    await keyboard.press('Enter');
    await waitFor(() => isFocused(failed));
    await failed.and(visit.page.locator('[data-phase="failed"]')).waitFor();
    await second.getByRole('button', { name: 'Put away' }).click();
    await waitFor(() => isFocused(visit.field));
    assert.is(await visit.page.getByTestId('dismiss-all').count(), 0);
    assert.equal(visit.errors, []);
    await visit.close();
  },
);

testUnless(test, pageMissing, 'a failed address can be put back into the field, below its text', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  const wrong = `${fixture.site.url}/page/empty`;
  const cards = await lookUpAll(visit, wrong);
  await visit.field.fill('https://a.test/draft');
  await cards.getByRole('button', { name: 'Edit' }).click();
  await waitFor(() => isFocused(visit.field));
  assert.is(await visit.field.inputValue(), `https://a.test/draft\n${wrong}`);
  assert.is(await cards.count(), 0);
  assert.equal(visit.errors, []);
  await visit.close();
});

testUnless(
  test,
  pageMissing,
  'the page itself can be saved, where nothing was found, and beside what was',
  async () => {
    const visit = await Visit.open(fixture.browser, fixture.server.url);
    for (const [path, phase, items] of [
      ['/page/empty', 'failed', 0],
      ['/page/three', 'done', 3],
    ] as const) {
      const card = await lookUpAll(visit, fixture.site.url + path);
      const ended = card.and(visit.page.locator(`[data-phase="${phase}"]`));
      await ended.waitFor();
      const page = ended.getByTestId('page-itself');
      assert.match(await page.innerText(), /HTML · \d+(\.\d+)? k?B/);
      // It is neither an item that can be selected, nor one of all.
      assert.is(await ended.getByTestId('lookup-item').count(), items);
      if (items > 0) await ended.getByRole('checkbox', { name: 'Select all' }).check();
      assert.is(await visit.page.getByTestId('download').count(), phase === 'failed' ? 0 : 1);
      if (items > 0)
        assert.match(await ended.getByTestId('download-many').innerText(), /Download 3 selected/);
      assert.equal(await axeFindings(visit.page), []);
      await visit.shot(`2-the page itself ${phase}`);
      await page.getByRole('button', { name: /^Save this page/ }).click();
      await page.getByText('Added').waitFor();
      await visit.page.getByRole('button', { name: 'Put away' }).click();
    }
    await visit.waitForState('Nothing here', 'complete');
    await visit.waitForState('Three clips & a song', 'complete');
    assert.is(await visit.page.getByTestId('download').count(), 2);
    assert.equal(visit.errors, []);
    await visit.close();
    const saved = readdirSync(fixture.server.place.downloadDir).filter((name) => name !== '.sluice');
    assert.equal(saved.sort(), ['empty.html', 'three.html']);
  },
);

testUnless(test, pageMissing, 'the focus of a lookup that is cancelled goes to the next card', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  // A silent server: the lookup runs until it is cancelled.
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/silent`;
  const cards = await lookUpAll(visit, url, `${fixture.site.url}/file/after.bin`);
  // Escape cancels all running lookups.
  await cards.and(visit.page.locator('[data-phase="done"]')).waitFor();
  await cards.first().getByRole('button', { name: 'Cancel' }).focus();
  await visit.page.keyboard.press('Escape');
  await waitFor(() => isFocused(cards.filter({ hasText: '/file/after.bin' })));
  const again = (await lookUpAll(visit, url)).first();
  await again.getByRole('button', { name: 'Cancel' }).focus();
  await visit.page.keyboard.press('Enter');
  await waitFor(() => isFocused(cards.filter({ hasText: '/file/after.bin' })));
  assert.equal(visit.errors, []);
  await visit.close();
  silent.close();
  silent.closeAllConnections();
});

test.run();
