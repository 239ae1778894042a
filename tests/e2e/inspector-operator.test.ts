/** Rare cases of the inspector's page: all sessions, a real engine, a dropped file, reduced motion. */
import { readFileSync } from 'node:fs';
import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { launchBrowser } from '../support/browser.ts';
import { sluice } from '../support/cli.ts';
import { InspectorVisit } from '../support/inspector-page.ts';
import { STEP_MS } from '../support/page.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { missing } from '../support/tools.ts';
import { waitFor } from '../support/wait.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';

const MIB = 1024 * 1024;
const reason = missing('chromium');
let site: Site;
/** A server whose inspector is only for the operator. */
let closed: TestServer;
let open: TestServer;
let browser: Browser;

test.before(async () => {
  if (reason !== null) return;
  site = await startSite();
  closed = await startServer();
  open = await startServer({ env: { SLUICE_INSPECTOR: '1' } });
  browser = await launchBrowser();
});
test.after(async () => {
  if (reason !== null) return;
  await browser.close();
  await closed.stop();
  await open.stop();
  await site.close();
});

const slow = (name: string): string =>
  `${site.url}/file/${name}?size=${400 * MIB}&seed=7&rate=${2 * MIB}&type=video/mp4`;

testUnless(
  test,
  reason ?? ytDlpMissing(),
  'the operator sees every session, its downloads and their engine processes, and can change none',
  async () => {
    const [ann, bob] = [await closed.session(), await closed.session()];
    const [hers, his] = [
      await ann.add({ url: slow('ann.mp4'), filename: 'ann.mp4' }),
      await bob.add({ url: slow('bob.mp4'), engine: 'yt-dlp', filename: 'bob.mp4' }),
    ];
    await ann.waitFor(hers, 'download');
    await bob.waitFor(his, 'download');
    const { stdout } = await sluice(['operator', '--server', closed.url], { place: closed.place });
    const context = await browser.newContext({ locale: 'en-GB', viewport: { width: 1440, height: 1000 } });
    const page = await context.newPage();
    page.setDefaultTimeout(STEP_MS);
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(stdout.trim());
    assert.is(new URL(page.url()).pathname, '/inspector');
    assert.is(new URL(page.url()).search, '', 'the grant does not stay in the address');
    const actors = page.getByTestId('actor');
    for (const id of [hers, his]) await actors.and(page.locator(`[data-actor="download:${id}"]`)).waitFor();
    const engine = actors.filter({ hasText: 'yt-dlp' }).and(page.locator('[aria-level="4"]'));
    await engine.waitFor();
    assert.match((await engine.textContent()) ?? '', /\d/);
    await actors.and(page.locator(`[data-actor="download:${his}"]`)).click();
    await page.locator('[data-testid="chart"][data-value^="download"]').waitFor();
    assert.is(await page.getByTestId('send-pause').count(), 0, 'what is not his own he only looks at');
    await bob.act(his, 'cancel');
    await page.locator('[data-testid="chart"][data-value="cancelled"]').waitFor();
    await waitFor(async () => (await engine.count()) === 0, { what: 'the engine to leave the tree' });
    assert.equal(errors, []);
    await context.close();
    await ann.act(hers, 'cancel');
  },
);

testUnless(test, reason, 'a trace can be dropped onto the page', async () => {
  const visit = await InspectorVisit.open(browser, open.url);
  const { page } = visit;
  await visit.downloads.downloadNow(slow('dropped.mp4'));
  await visit.select('dropped.mp4');
  await page.getByTestId('send-pause').click();
  await visit.waitForValue('paused');
  const saving = page.waitForEvent('download');
  await page.getByTestId('export').click();
  const text = readFileSync(await (await saving).path(), 'utf8');
  await page.evaluate((content) => {
    const dataTransfer = new DataTransfer();
    dataTransfer.items.add(new File([content], 'dropped.json', { type: 'application/json' }));
    const fire = (type: string) =>
      document.body.dispatchEvent(new DragEvent(type, { bubbles: true, cancelable: true, dataTransfer }));
    fire('dragover');
    fire('drop');
  }, text);
  await page.getByTestId('trace-banner').filter({ hasText: 'dropped.json' }).waitFor();
  await visit.actor('dropped.mp4').waitFor();
  await visit.waitForValue('paused');
  assert.equal(visit.downloads.errors, []);
  await visit.close();
});

for (const [reducedMotion, wish, longest] of [
  ['no-preference', 'the last transition runs along its line', Infinity],
  ['reduce', 'who wants no motion sees the last transition without', 1],
] as const) {
  testUnless(test, reason, wish, async () => {
    const visit = await InspectorVisit.open(browser, open.url, { reducedMotion });
    const name = `${reducedMotion}.mp4`;
    await visit.downloads.downloadNow(slow(name));
    await visit.downloads.waitForState(name, 'download');
    await visit.select(name);
    await visit.page.getByTestId('send-pause').click();
    await visit.waitForValue('paused');
    const durations = await visit.page.getByTestId('chart').evaluate((chart) =>
      [...chart.querySelectorAll('*')]
        .map((part) => getComputedStyle(part))
        .filter(({ animationName }) => animationName !== 'none')
        .map(({ animationDuration }) => parseFloat(animationDuration) * 1000),
    );
    assert.ok(durations.length > 0, 'something is marked as the last transition');
    if (longest === Infinity) assert.ok(Math.max(...durations) > 100, String(durations));
    else assert.ok(Math.max(...durations) <= longest, String(durations));
    await visit.close();
  });
}

test.run();
