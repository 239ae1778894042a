import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';

const MIB = 1024 * 1024;
const fixture = pageFixture(test);

const slow = (name: string): string => `${fixture.site.url}/file/${name}?size=${400 * MIB}&rate=${2 * MIB}`;
/** Never answered: the download stays in `parse`, without bytes. */
const silent = (name: string): string => `${fixture.site.url}/file/${name}?fault=hang`;

const focused = (visit: Visit): Promise<string | null> =>
  visit.page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? null);

/** Clicks Cancel, and the same position again as soon as another button is there. */
function pressTwice(visit: Visit): Promise<void> {
  return visit.page.evaluate(async () => {
    const button = document.querySelector<HTMLElement>('[data-testid="cancel"]')!;
    const changed = new Promise<void>((resolve) => {
      new MutationObserver(() => {
        const ready = button.getAttribute('aria-disabled') !== 'true';
        if (ready && button.dataset['testid'] !== 'cancel') resolve();
      }).observe(button, { attributes: true });
    });
    button.focus();
    button.click();
    await changed;
    button.click();
  });
}

testUnless(
  test,
  pageMissing,
  'a second click at the position of Cancel does not remove the row',
  async () => {
    const visit = await Visit.open(fixture.browser, fixture.server.url);
    await visit.downloadNow(silent('twice.bin'));
    await visit.waitForState('twice.bin', 'parse');
    await pressTwice(visit);
    assert.is(await focused(visit), 'Remove: twice.bin');
    // Its answer would come after that of a removal.
    await visit.press('Try again', 'twice.bin');
    await visit.waitForState('twice.bin', 'parse');
    await visit.press('Cancel', 'twice.bin');
    await visit.waitForState('twice.bin', 'cancelled');
    const remove = visit.page.getByRole('button', { name: 'Remove: twice.bin' });
    await waitFor(async () => {
      // The row may go while it is being clicked: then there is nothing left to click.
      if ((await remove.count()) > 0) await remove.click({ timeout: 2000 }).catch(() => undefined);
      return (await visit.row('twice.bin').count()) === 0;
    });
    assert.equal(visit.errors, []);
    await visit.close();
  },
);

testUnless(test, pageMissing, 'the second click of a double click does nothing', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  await visit.downloadNow(`${fixture.site.url}/one.mp4`, `${fixture.site.url}/two.mp4`);
  await visit.waitForState('one.mp4', 'error');
  await visit.waitForState('two.mp4', 'error');
  // So that the page does not take the buttons for new ones.
  await visit.page.reload();
  await visit.ready();
  await visit.waitForState('two.mp4', 'error');
  // The row below moves to the position of the removed one.
  await visit.page.evaluate(async () => {
    const buttons = [...document.querySelectorAll<HTMLElement>('[data-testid="remove"]')];
    const click = (button: HTMLElement, detail: number) =>
      button.dispatchEvent(new MouseEvent('click', { bubbles: true, detail }));
    click(buttons[0]!, 1);
    click(buttons[1]!, 2);
  });
  await waitFor(async () => (await visit.page.getByTestId('download').count()) === 1);
  await visit.downloadNow(`${fixture.site.url}/file/after.bin`);
  await visit.waitForState('after.bin', 'complete');
  assert.is(await visit.page.getByTestId('download').count(), 2);
  await visit.close();
});

testUnless(test, pageMissing, 'Cancel asks before it discards received bytes', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  await visit.downloadNow(slow('asked.bin'));
  await visit.row('asked.bin').getByTestId('speed').waitFor();
  await visit.press('Cancel', 'asked.bin');
  const dialog = visit.page.getByTestId('cancel-dialog');
  await dialog.getByRole('heading', { name: /^Stop and discard [\d.]+ [kM]B\?$/ }).waitFor();
  await visit.shot('5-cancel');
  await visit.page.keyboard.press('Escape');
  await dialog.waitFor({ state: 'detached' });
  assert.is(await focused(visit), 'Cancel: asked.bin');
  assert.is(await visit.row('asked.bin').getAttribute('data-state'), 'download');
  await visit.press('Cancel', 'asked.bin');
  await dialog.getByRole('button', { name: 'Stop and discard' }).click();
  await visit.waitForState('asked.bin', 'cancelled');
  assert.is(await focused(visit), 'Remove: asked.bin');
  assert.equal(visit.errors, []);
  await visit.close();
});

testUnless(test, pageMissing, 'a cancelled download does not show the removed bytes', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  await visit.downloadNow(slow('gone.bin'));
  await visit.row('gone.bin').getByTestId('speed').waitFor();
  await visit.press('Details', 'gone.bin');
  const drawer = visit.page.getByTestId('details-drawer');
  await drawer.getByRole('button', { name: 'Cancel: gone.bin' }).click();
  await visit.page.getByTestId('cancel-dialog').getByTestId('confirm').click();
  await visit.waitForState('gone.bin', 'cancelled');
  await drawer.getByText('Cancelled').waitFor();
  assert.not.match((await drawer.textContent()) ?? '', /\d [kM]B of/);
  await visit.page.keyboard.press('Escape');
  assert.is(await visit.row('gone.bin').getByTestId('bytes').count(), 0);
  await visit.close();
});

testUnless(test, pageMissing, 'a confirmation closes when its download ends by itself', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  await visit.downloadNow(`${fixture.site.url}/file/ends.bin?size=${8 * MIB}&rate=${MIB / 4}`);
  await visit.row('ends.bin').getByTestId('speed').waitFor();
  await visit.press('Cancel', 'ends.bin');
  await visit.page.getByTestId('cancel-dialog').waitFor();
  fixture.site.unthrottle('/file/ends.bin');
  await visit.waitForState('ends.bin', 'complete');
  await visit.page.getByTestId('cancel-dialog').waitFor({ state: 'detached' });
  await visit.close();
});

test.run();
