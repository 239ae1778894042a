import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256Of } from '../site/content.ts';
import { axeFindings } from '../support/browser.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { testUnless } from '../support/skip.ts';

const PHONE: BrowserContextOptions = {
  viewport: { width: 360, height: 740 },
  isMobile: true,
  hasTouch: true,
};
const SIZE = 300_000;
const other = 'ab'.repeat(32);
const fixture = pageFixture(test);

const file = (name: string, seed: number): string =>
  `${fixture.site.url}/file/${name}?size=${SIZE}&seed=${seed}`;

async function details(visit: Visit, title: string): Promise<string> {
  await visit.press('Details', title);
  const dialog = visit.page.getByRole('dialog');
  await dialog.waitFor();
  return (await dialog.textContent()) ?? '';
}

testUnless(
  test,
  pageMissing,
  'by keyboard: expand, paste a line of a hash list, Enter; the hash is checked',
  async () => {
    const visit = await Visit.open(fixture.browser, fixture.server.url);
    const card = await visit.lookUp(file('checked.bin', 31));
    const summary = card.getByTestId('hash-options');
    await summary.focus();
    await visit.page.keyboard.press('Enter');
    await visit.page.keyboard.press('Tab');
    await visit.page.keyboard.insertText(`${sha256Of(31, SIZE)}  checked.bin`);
    await visit.page.keyboard.press('Enter');
    await visit.waitForState('checked', 'complete');
    assert.ok(existsSync(join(fixture.server.place.downloadDir, 'checked.bin')));
    const text = await details(visit, 'checked');
    assert.match(text, /SHA-256 checked/);
    assert.match(text, sha256Of(31, SIZE));
    assert.equal(await axeFindings(visit.page), []);
    await visit.shot('9-checked');
    assert.equal(visit.errors, []);
    await visit.close();
  },
);

testUnless(
  test,
  pageMissing,
  'on a phone an invalid hash is reported at the field, a mismatch at the row',
  async () => {
    const visit = await Visit.open(fixture.browser, fixture.server.url, PHONE);
    const card = await visit.lookUp(file('other.bin', 32));
    await card.getByTestId('hash-options').click();
    const field = card.getByRole('textbox', { name: 'Expected SHA-256' });
    await field.fill('d41d8cd98f00b204e9800998ecf8427e');
    await card.getByTestId('download-item').click();
    await card.getByRole('alert').getByText('64 hex digits').waitFor();
    assert.is(await field.getAttribute('aria-invalid'), 'true');
    assert.is(await visit.page.getByTestId('download').count(), 0);
    await visit.shot('9-hash on a phone');
    assert.equal(await axeFindings(visit.page), []);
    const overflow = await visit.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    assert.ok(overflow <= 0, `${overflow} px are wider than the screen`);

    await field.fill(other);
    await card.getByTestId('download-item').click();
    await visit.waitForState('other', 'error');
    await visit.row('other').getByText('not the one whose SHA-256 was given').waitFor();
    assert.not(existsSync(join(fixture.server.place.downloadDir, 'other.bin')));
    const text = await details(visit, 'other');
    for (const part of ['checksum_mismatch', other, sha256Of(32, SIZE)]) assert.match(text, part);
    assert.not.match(text, /SHA-256 checked/);
    assert.equal(visit.errors, []);
    await visit.close();
  },
);

testUnless(test, pageMissing, 'a page with several files has no hash field', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  const card = await visit.lookUp(`${fixture.site.url}/page/three`);
  assert.is(await card.getByTestId('lookup-item').count(), 3);
  assert.is(await card.getByTestId('hash-options').count(), 0);
  await visit.close();
});

test.run();
