import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { axeFindings, launchBrowser } from '../support/browser.ts';
import { InspectorVisit } from '../support/inspector-page.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { missing } from '../support/tools.ts';
import { waitFor } from '../support/wait.ts';

const MIB = 1024 * 1024;
const reason = missing('chromium');
let site: Site;
let server: TestServer;
let browser: Browser;

test.before(async () => {
  if (reason !== null) return;
  site = await startSite();
  server = await startServer({ env: { SLUICE_INSPECTOR: '1' } });
  browser = await launchBrowser();
});
test.after(async () => {
  if (reason !== null) return;
  await browser.close();
  await server.stop();
  await site.close();
});

/** Runs until its test removes it. */
const slow = (name: string): string => `${site.url}/file/${name}?size=${400 * MIB}&seed=7&rate=${MIB / 4}`;

async function withInspector(
  body: (visit: InspectorVisit) => Promise<void>,
  options: Parameters<typeof InspectorVisit.open>[2] = {},
): Promise<void> {
  const visit = await InspectorVisit.open(browser, server.url, options);
  try {
    await body(visit);
    assert.equal(visit.downloads.errors, []);
  } finally {
    await visit.downloads.removeAll();
    await visit.close();
  }
}

testUnless(test, reason, 'an empty log says when recording starts', () =>
  withInspector(async ({ page }) => {
    await page.getByText('recording starts while this page is open').first().waitFor();
  }),
);

testUnless(test, reason, 'the tree shows a running download, and follows its state', () =>
  withInspector(async (visit) => {
    await visit.downloads.downloadNow(slow('tree.bin'));
    const line = visit.actor('tree.bin');
    await line.and(visit.page.locator('[data-state^="download."]')).waitFor();
    assert.is(await line.getAttribute('aria-level'), '3');
    await visit.downloads.press('Pause', 'tree.bin');
    await line.and(visit.page.locator('[data-state="paused"]')).waitFor();
    await visit.page.getByTestId('actor-filter').fill('no such actor');
    await visit.page.getByText('Nothing matches.').waitFor();
    await visit.page.getByTestId('actor-filter').fill('paused');
    await line.waitFor();
  }),
);

testUnless(test, reason, 'the chart highlights the current state, and its buttons pause and resume', () =>
  withInspector(async (visit) => {
    await visit.downloads.downloadNow(slow('lit.bin'));
    await visit.downloads.waitForState('lit.bin', 'download');
    await visit.select('lit.bin');
    await visit.waitForValue('download');
    await waitFor(async () => (await visit.lit()).includes('download'), { what: 'download to be lit' });
    await visit.page.getByTestId('send-pause').click();
    await visit.waitForValue('paused');
    assert.equal(await visit.lit(), ['paused']);
    const taken = visit.page.getByTestId('chart-taken');
    assert.match((await taken.getAttribute('data-edges')) ?? '', 'download.download:pause:0');
    assert.is(
      await visit.page.getByTestId('states').locator('[aria-current="true"]').textContent(),
      'paused (active)',
    );
    await visit.downloads.waitForState('lit.bin', 'paused');
    assert.is(await visit.page.getByTestId('send-pause').count(), 0);
    await visit.page.getByTestId('send-resume').click();
    await visit.waitForValue('download');
    await visit.downloads.waitForState('lit.bin', 'download');
    await visit.shot('inspector-chart');
  }),
);

testUnless(test, reason, 'time travel shows chart, row and context as they were, and goes back to now', () =>
  withInspector(async (visit) => {
    const { page } = visit;
    await visit.downloads.downloadNow(slow('past.bin'));
    await visit.downloads.waitForState('past.bin', 'download');
    await visit.select('past.bin');
    await visit.page.getByTestId('send-pause').click();
    await visit.waitForValue('paused');
    const row = page.getByTestId('past-row');
    await row.and(page.locator('[data-state="paused"]')).waitFor();
    await page.getByTestId('turn-before').click();
    await page.getByTestId('past').waitFor();
    await row.and(page.locator('[data-state="download"]')).waitFor();
    assert.ok((await visit.lit()).includes('download'));
    assert.is(await page.getByTestId('send-cancel').count(), 0);
    await page.getByTestId('step-before').click();
    await page.getByTestId('tab-data').click();
    await page.getByTestId('data-context').click();
    await page.getByTestId('data-tree').getByText('"past.bin"').first().waitFor();
    await visit.shot('inspector-past');
    await page.getByTestId('back-to-live').click();
    await row.and(page.locator('[data-state="paused"]')).waitFor();
    assert.equal(await visit.lit(), ['paused']);
  }),
);

testUnless(test, reason, 'two moments can be compared, with the changes marked', () =>
  withInspector(async (visit) => {
    const { page } = visit;
    await visit.downloads.downloadNow(slow('diff.bin'));
    await visit.downloads.waitForState('diff.bin', 'download');
    await visit.select('diff.bin');
    await page.getByTestId('send-pause').click();
    await visit.waitForValue('paused');
    await page.getByTestId('tab-data').click();
    await page.getByTestId('data-diff').click();
    await page.getByTestId('pick-b').click();
    await page.getByTestId('turn-before').click();
    await page.getByTestId('pick-a').click();
    const state = page.locator('[data-key="state"][data-change="changed"]');
    await state.waitFor();
    assert.match((await state.textContent()) ?? '', /~.*changed.*"download".*"paused"/s);
    assert.match((await page.getByTestId('diff-count').textContent()) ?? '', /^\d+ changes$/);
    await visit.shot('inspector-diff');
  }),
);

testUnless(test, reason, 'the log can be filtered by kind and text, paused, and followed again', () =>
  withInspector(async (visit) => {
    const { page } = visit;
    await visit.downloads.downloadNow(slow('log.bin'));
    await visit.downloads.waitForState('log.bin', 'download');
    await visit.select('log.bin');
    const lines = page.getByTestId('log-line');
    await lines.and(page.locator('[data-kind="transition"]')).first().waitFor();
    await page.getByTestId('kind-command').click();
    await lines.filter({ hasText: 'start' }).first().waitFor();
    assert.equal(await kindsOf(visit), ['command']);
    await page.getByTestId('kind-command').click();
    await page.getByTestId('log-filter').fill('askrunner');
    await lines.and(page.locator('[data-kind="action"]')).first().waitFor();
    assert.equal(await kindsOf(visit), ['action']);
    await page.getByTestId('log-filter').fill('');
    await page.getByTestId('log-hold').click();
    const held = await page.getByTestId('log-count').textContent();
    await page.getByTestId('log-hold').filter({ hasText: /\+\d/ }).waitFor();
    assert.is(shownOf(await page.getByTestId('log-count').textContent()), shownOf(held));
    await page.getByTestId('log-hold').click();
    await waitFor(async () => shownOf(await page.getByTestId('log-count').textContent()) > shownOf(held), {
      what: 'the log to follow',
    });
  }),
);

testUnless(test, reason, 'the sequence diagram draws the events between actors', () =>
  withInspector(async (visit) => {
    const { page } = visit;
    await visit.downloads.downloadNow(slow('sequence.bin'));
    await visit.downloads.waitForState('sequence.bin', 'download');
    await visit.select('sequence.bin');
    await page.getByTestId('send-pause').click();
    await visit.waitForValue('paused');
    await page.getByTestId('tab-sequence').click();
    const step = page.getByTestId('sequence-step');
    await step
      .and(page.locator('[data-from="session"][data-to="runner"]'))
      .filter({ hasText: 'stop' })
      .waitFor();
    await page.getByTestId('watch-everything').check();
    await step.and(page.locator('[data-to="store"]')).first().waitFor();
    // The latest steps are drawn, and that it was added may be long ago.
    await visit.downloads.press('Resume', 'sequence.bin');
    await step.and(page.locator('[data-from="client"]')).first().waitFor();
    await visit.shot('inspector-sequence');
  }),
);

testUnless(test, reason, 'another browser sees nothing of this one', async () => {
  await withInspector(async (mine) => {
    await mine.downloads.downloadNow(slow('mine.bin'));
    await mine.actor('mine.bin').waitFor();
    await withInspector(async (theirs) => {
      await theirs.downloads.downloadNow(slow('theirs.bin'));
      await theirs.actor('theirs.bin').waitFor();
      assert.is(await theirs.actor('mine.bin').count(), 0);
      await theirs.page.getByTestId('log-filter').fill('mine.bin');
      await theirs.page.getByText('Nothing matches.').waitFor();
    });
  });
});

testUnless(test, reason, 'with keys alone: find it, pause it, look back, read its data', () =>
  withInspector(async (visit) => {
    const { page } = visit;
    const { keyboard } = page;
    await visit.downloads.downloadNow(slow('keys.bin'));
    await visit.downloads.waitForState('keys.bin', 'download');
    await visit.actor('keys.bin').waitFor();
    const reach = async (testid: string): Promise<void> => {
      const target = page.getByTestId(testid);
      for (let presses = 0; presses < 80; presses++) {
        if (await target.evaluate((element) => element === document.activeElement)) return;
        await keyboard.press('Tab');
      }
      throw new Error(`Tab never reached ${testid}`);
    };
    await page.bringToFront();
    await reach('actors');
    for (let presses = 0; presses < 10; presses++) {
      if ((await page.getByTestId('actor-name').textContent())?.includes('keys.bin')) break;
      await keyboard.press('ArrowDown');
    }
    await visit.waitForValue('download');
    await reach('send-pause');
    await keyboard.press('Enter');
    await visit.waitForValue('paused');
    await page.locator('body').focus();
    await reach('time');
    await keyboard.press('ArrowLeft');
    await page.getByTestId('past').waitFor();
    await reach('tab-log');
    await keyboard.press('ArrowRight');
    await keyboard.press('ArrowRight');
    await page.getByTestId('data-tree').waitFor();
  }),
);

for (const [name, options] of [
  ['in the light', { colorScheme: 'light' }],
  ['in Chinese, in the dark', { locale: 'zh-CN', colorScheme: 'dark' }],
  ['on a phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
] as const) {
  testUnless(test, reason, `axe finds nothing wrong ${name}`, () =>
    withInspector(async (visit) => {
      const { page } = visit;
      // By the API, as the page's texts depend on its language.
      const added = await page.request.post(`${server.url}/api/downloads`, {
        data: { url: slow('axe.bin') },
        headers: { origin: server.url },
      });
      assert.is(added.status(), 202);
      await visit.actor('axe.bin').waitFor();
      await visit.select('axe.bin');
      await visit.waitForValue('download');
      await page.getByTestId('log-line').first().waitFor();
      for (const tab of ['log', 'sequence', 'data', 'explain']) {
        await page.getByTestId(`tab-${tab}`).click();
        assert.equal(await axeFindings(page), [], `the ${tab} tab`);
        await visit.shot(`inspector-${name.replaceAll(' ', '-')}-${tab}`);
      }
    }, options),
  );
}

async function kindsOf({ page }: InspectorVisit): Promise<string[]> {
  const kinds = await page
    .getByTestId('log-line')
    .evaluateAll((lines) => lines.map((line) => line.getAttribute('data-kind') ?? ''));
  return [...new Set(kinds)];
}

/** `12 shown of 40 seen` → 12 */
function shownOf(count: string | null): number {
  return Number.parseInt(count ?? '', 10);
}

test.run();
