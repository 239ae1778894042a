import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { axeFindings } from '../support/browser.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';
import { PHONE, testFullPage } from './looks.ts';

const MIB = 1024 * 1024;
const fixture = pageFixture(test);

const slow = (name: string): string => `${fixture.site.url}/file/${name}?size=${400 * MIB}&rate=${MIB / 4}`;

testFullPage(test, fixture, [
  ['on a wide screen', {}],
  ['on a phone in the dark', { ...PHONE, colorScheme: 'dark' }],
]);

testUnless(test, pageMissing, 'the themes have dark and light backgrounds', async () => {
  const brightness = async (colorScheme: 'dark' | 'light'): Promise<number> => {
    const visit = await Visit.open(fixture.browser, fixture.server.url, { colorScheme });
    const colour = await visit.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const png = await visit.page.screenshot({ clip: { x: 2, y: 300, width: 1, height: 1 } });
    await visit.close();
    assert.ok(png.length > 0 && colour !== '');
    return visit.page.isClosed() ? Number(/[\d.]+/.exec(colour)?.[0]) : NaN;
  };
  assert.ok((await brightness('dark')) < (await brightness('light')));
});

testUnless(test, pageMissing, 'everything can be done by keyboard alone', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  const { keyboard } = visit.page;
  await visit.page.locator('body').press('/');
  assert.ok(await visit.field.evaluate((element) => element === document.activeElement));
  await keyboard.insertText(slow('keys.bin'));
  await keyboard.press('Control+Enter');
  await visit.waitForState('keys.bin', 'download');

  const reach = async (name: string): Promise<void> => {
    const target = visit.page.getByRole('button', { name });
    for (let presses = 0; presses < 60; presses++) {
      if (await target.evaluate((element) => element === document.activeElement)) return;
      await keyboard.press('Tab');
    }
    throw new Error(`Tab never reached ${name}`);
  };
  await reach('Pause: keys.bin');
  await keyboard.press('Enter');
  await visit.waitForState('keys.bin', 'paused');
  await reach('Resume: keys.bin');
  await keyboard.press('Space');
  await visit.waitForState('keys.bin', 'download');
  const dialog = visit.page.getByRole('dialog');
  await keyboard.press('Delete');
  await dialog.waitFor();
  await keyboard.press('Escape');
  await dialog.waitFor({ state: 'hidden' });
  await keyboard.press('Delete');
  await dialog.waitFor();
  const confirm = dialog.getByRole('button', { name: 'Remove', exact: true });
  for (let presses = 0; presses < 10; presses++) {
    if (await confirm.evaluate((element) => element === document.activeElement)) break;
    await keyboard.press('Tab');
  }
  await keyboard.press('Enter');
  await visit.row('keys.bin').waitFor({ state: 'detached' });
  await visit.close();
});

testUnless(
  test,
  pageMissing,
  'a dialog opened before the `close` event of the last one stays open',
  async () => {
    const visit = await Visit.open(fixture.browser, fixture.server.url);
    await visit.downloadNow(slow('again.bin'));
    await visit.waitForState('again.bin', 'download');
    await visit.row('again.bin').focus();
    const dialog = visit.page.getByRole('dialog');
    await visit.page.keyboard.press('Delete');
    await dialog.waitFor();
    // A `close` event is a separate task: queued key events come before it.
    await visit.page.evaluate(async () => {
      const old = document.querySelector('dialog')!;
      const told = new Promise((resolve) => {
        old.addEventListener('close', resolve);
      });
      old.close();
      const key = { key: 'Delete', bubbles: true, cancelable: true };
      document.activeElement!.dispatchEvent(new KeyboardEvent('keydown', key));
      await told;
    });
    assert.ok(await dialog.isVisible());
    await visit.page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
    await visit.close();
  },
);

testUnless(
  test,
  pageMissing,
  'for screen readers a progress bar has a name and a value as text',
  async () => {
    const visit = await Visit.open(fixture.browser, fixture.server.url);
    await visit.downloadNow(slow('spoken.bin'));
    await visit.waitForState('spoken.bin', 'download');
    const bar = visit.bar('spoken.bin');
    assert.is(await bar.getAttribute('aria-valuemax'), '100');
    // Its state can arrive before its size.
    const words = await waitFor(
      async () => /% ?, .+/.exec((await bar.getAttribute('aria-valuetext')) ?? '')?.[0],
    );
    assert.match(words, /% ?, .+ of 4\d\d(\.\d)? MB/);
    await visit.close();
  },
);

testUnless(test, pageMissing, 'the page speaks Chinese to a Chinese browser', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url, { locale: 'zh-CN' });
  assert.match((await visit.page.locator('html').getAttribute('lang')) ?? '', /^zh/);
  assert.match((await visit.page.locator('main').textContent()) ?? '', /[\u4e00-\u9fff]{2}/);
  assert.equal(await axeFindings(visit.page), []);
  await visit.close();
});

test.run();
