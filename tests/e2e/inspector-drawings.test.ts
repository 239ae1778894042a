/** The drawings of the inspector's page are readable: no text is covered or cut off. */
import type { Browser, Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { InspectorServerMessage, Observation } from '#lib/protocol/inspection.ts';
import { launchBrowser } from '../support/browser.ts';
import { download, event, play, transition, whole } from '../support/inspector-played.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { missing } from '../support/tools.ts';
import { waitFor } from '../support/wait.ts';

const reason = missing('chromium');
const viewport = { width: 1440, height: 1000 };
let server: TestServer;
let browser: Browser;

test.before(async () => {
  if (reason !== null) return;
  server = await startServer({ env: { SLUICE_INSPECTOR: '1' } });
  browser = await launchBrowser();
});
test.after(async () => {
  if (reason !== null) return;
  await browser.close();
  await server.stop();
});

testUnless(test, reason, 'the marker of the active state does not cover its name', async () => {
  const { page, say } = await look();
  let n = 0;
  for (const size of ['far', 'near']) {
    if (size === 'near') await page.getByTestId('chart-follow').click();
    for (const value of ['complete', 'error', 'queued.held']) {
      say({ type: 'log', dropped: 0, entries: [transition(++n, value)] });
      const card = page.locator(`[data-state-path="${value}"][data-active="true"]`);
      await card.waitFor();
      const gaps = await card.evaluate((element) => {
        const [lamp, ...names] = [...element.querySelectorAll<SVGGraphicsElement>('.lamp, .name, .far-name')]
          .map((drawn) => drawn.getBBox())
          .filter(({ width }) => width > 0);
        return names.map(({ x, y, width }) => Math.max(lamp!.x - x - width, y - lamp!.y - lamp!.height));
      });
      assert.is(gaps.length, 1, 'one of the two names is drawn');
      assert.ok(gaps[0]! >= 0, `${value}, ${size}: they overlap by ${-gaps[0]!} px`);
    }
  }
  await page.context().close();
});

testUnless(
  test,
  reason,
  "labels of an actor's own events are not cut off, also in the last lane",
  async () => {
    const { page, say } = await look();
    const told = { ...event(1), about: download(1).id, from: 'session:one' } as Observation;
    say({ type: 'log', dropped: 0, entries: [told, transition(2, 'download.throttle')] });
    await page.getByTestId('tab-sequence').click();
    const step = page.locator('[data-testid="sequence-step"][data-from="download"]');
    const label = step.getByText('→ download.throttle', { exact: true });
    await label.waitFor();
    const [end, width] = await label.evaluate((element) => {
      const { x, width } = (element as unknown as SVGGraphicsElement).getBBox();
      return [x + width, (element as unknown as SVGElement).ownerSVGElement!.width.baseVal.value];
    });
    assert.ok(end <= width, `it ends at ${end} of ${width}`);
    await page.context().close();
  },
);

testUnless(
  test,
  reason,
  'without a chart the log fills the window, and a selected line stays visible',
  async () => {
    const { page, say } = await play(browser, server.url, { viewport });
    say(whole([]));
    say({ type: 'log', dropped: 0, entries: Array.from({ length: 100 }, (_, index) => event(index + 1)) });
    const last = page.getByTestId('log-line').filter({ hasText: 'event-100' });
    await last.waitFor();
    const count = await page.getByTestId('log-count').boundingBox();
    assert.ok(count !== null && count.y > viewport.height - 100, `it ends at ${count?.y}`);
    assert.is(await page.evaluate(() => document.documentElement.scrollHeight), viewport.height);
    await last.click();
    await page.getByTestId('log-more').waitFor();
    const log = page.getByTestId('log');
    await waitFor(
      async () => {
        const [line, box] = [await last.boundingBox(), await log.boundingBox()];
        return line !== null && box !== null && line.y + line.height <= box.y + box.height;
      },
      { what: 'the marked line to be inside the smaller log' },
    );
    await page.context().close();
  },
);

/** Opens the page with one download selected. */
async function look(): Promise<{ page: Page; say: (message: InspectorServerMessage) => void }> {
  const played = await play(browser, server.url, { viewport });
  const actor = download(1);
  played.say(whole([actor]));
  await played.page.getByTestId('actor').filter({ hasText: actor.title }).click();
  played.say(whole([actor]));
  return played;
}

test.run();
