import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';

const MIB = 1024 * 1024;
const fixture = pageFixture(test);

/** Adds downloads, and waits until each runs. */
async function running(...names: string[]): Promise<Visit> {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  await visit.downloadNow(
    ...names.map((name) => `${fixture.site.url}/file/${name}?size=${400 * MIB}&rate=${MIB}`),
  );
  for (const name of names) await visit.waitForState(name, 'download');
  return visit;
}

/** Presses a button with the keyboard; one in a dialog is preferred. */
async function press(visit: Visit, name: string): Promise<void> {
  const button = visit.page.getByRole('button', { name, exact: true }).last();
  await button.focus();
  await button.press('Enter');
}

/** Waits until the focused element has this name or id. */
function focusOn(visit: Visit, name: string | RegExp): Promise<unknown> {
  return waitFor(
    async () => {
      const [label, id] = await visit.page.evaluate(() => {
        const { activeElement: element } = document;
        return [element?.getAttribute('aria-label') ?? element?.textContent.trim() ?? '', element?.id ?? ''];
      });
      return typeof name === 'string' ? label === name || id === name : name.test(label);
    },
    { what: `the focus on ${name}`, deadlineMs: 10_000 },
  );
}

testUnless(test, pageMissing, 'pausing in the details keeps the focus on Resume', async () => {
  const visit = await running('drawer.bin');
  await press(visit, 'Details: drawer.bin');
  await press(visit, 'Pause: drawer.bin');
  await visit.waitForState('drawer.bin', 'paused');
  await focusOn(visit, 'Resume: drawer.bin');
  await visit.close();
});

testUnless(test, pageMissing, 'Pause all keeps the focus when it becomes Resume all, and back', async () => {
  const visit = await running('first.bin', 'second.bin');
  await press(visit, 'Pause all');
  await visit.waitForState('first.bin', 'paused');
  await visit.waitForState('second.bin', 'paused');
  await focusOn(visit, 'Resume all');
  await visit.page.keyboard.press('Enter');
  await visit.waitForState('first.bin', 'download');
  await visit.waitForState('second.bin', 'download');
  await focusOn(visit, 'Pause all');
  await visit.close();
});

testUnless(test, pageMissing, 'removing the only row moves the focus to the list', async () => {
  const visit = await running('only.bin');
  await visit.row('only.bin').focus();
  await visit.page.keyboard.press('Delete');
  await visit.page.getByTestId('remove-dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await visit.row('only.bin').waitFor({ state: 'detached' });
  await focusOn(visit, 'downloads');
  await visit.close();
});

testUnless(test, pageMissing, 'when a row leaves the filter, the focus moves to its neighbour', async () => {
  const visit = await running('upper.bin', 'lower.bin');
  await press(visit, 'Running 2');
  await press(visit, 'Pause: upper.bin');
  await visit.row('upper.bin').waitFor({ state: 'detached' });
  await focusOn(visit, /^lower\.bin, /);
  await press(visit, 'Pause: lower.bin');
  await visit.row('lower.bin').waitFor({ state: 'detached' });
  await focusOn(visit, 'Running');
  await press(visit, 'Show all downloads');
  await visit.row('upper.bin').waitFor();
  await focusOn(visit, /^All/);
  assert.equal(visit.errors, []);
  await visit.close();
});

testUnless(test, pageMissing, 'the focus stays when another row is removed', async () => {
  const visit = await running('stays.bin', 'goes.bin');
  const tab = await visit.tab(fixture.server.url);
  await visit.page.getByTestId('filter-text').focus();
  await tab.row('goes.bin').focus();
  await tab.page.keyboard.press('Delete');
  await tab.page.getByTestId('remove-dialog').getByRole('button', { name: 'Remove', exact: true }).click();
  await visit.row('goes.bin').waitFor({ state: 'detached' });
  await focusOn(visit, 'Search the downloads');
  await visit.close();
});

test.run();
