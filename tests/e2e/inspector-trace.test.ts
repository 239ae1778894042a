import { readFileSync } from 'node:fs';
import type { Browser, Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Trace } from '#lib/protocol/inspection.ts';
import { type Site, startSite } from '../site/site.ts';
import { launchBrowser } from '../support/browser.ts';
import { InspectorVisit } from '../support/inspector-page.ts';
import { makePlace, startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { missing } from '../support/tools.ts';

const MIB = 1024 * 1024;
const reason = missing('chromium');
const env = { SLUICE_INSPECTOR: '1' };
let site: Site;
let server: TestServer;
let browser: Browser;

test.before(async () => {
  if (reason !== null) return;
  site = await startSite();
  server = await startServer({ env });
  browser = await launchBrowser();
});
test.after(async () => {
  if (reason !== null) return;
  await browser.close();
  await server.stop();
  await site.close();
});

testUnless(test, reason, 'an exported trace shows the same in another browser', async () => {
  const visit = await InspectorVisit.open(browser, server.url);
  const { page } = visit;
  await visit.downloads.downloadNow(`${site.url}/file/taken.bin?size=${400 * MIB}&seed=7&rate=${2 * MIB}`);
  await visit.downloads.waitForState('taken.bin', 'download');
  await visit.select('taken.bin');
  await page.getByTestId('send-pause').click();
  await visit.waitForValue('paused');
  const saving = page.waitForEvent('download');
  await page.getByTestId('export').click();
  const saved = await saving;
  assert.match(saved.suggestedFilename(), /^sluice-trace-.{11}\.json$/);
  const text = readFileSync(await saved.path(), 'utf8');
  assert.equal(Object.keys((JSON.parse(text) as Trace).machines).sort(), ['download', 'session']);
  await visit.close();

  const elsewhere = await InspectorVisit.open(browser, server.url);
  await open(elsewhere.page, 'taken.json', text);
  await elsewhere.page.getByTestId('trace-banner').filter({ hasText: 'taken.json' }).waitFor();
  await elsewhere.actor('taken.bin').waitFor();
  await elsewhere.waitForValue('paused');
  assert.equal(await elsewhere.lit(), ['paused']);
  await elsewhere.page.locator('[data-testid="past-row"][data-state="paused"]').waitFor();
  await elsewhere.page.getByTestId('turn-before').click();
  await elsewhere.page.locator('[data-testid="past-row"][data-state="download"]').waitFor();
  await elsewhere.page.getByTestId('log-line').filter({ hasText: 'askRunner' }).first().waitFor();
  assert.is(await elsewhere.page.getByTestId('send-resume').count(), 0);
  assert.is(await elsewhere.page.getByTestId('machines-differ').count(), 0);
  await elsewhere.shot('inspector-trace');
  await elsewhere.page.getByTestId('close-trace').click();
  await elsewhere.page.getByTestId('actor').first().waitFor();
  assert.is(await elsewhere.actor('taken.bin').count(), 0);
  assert.equal(elsewhere.downloads.errors, []);
  await elsewhere.close();
});

testUnless(
  test,
  reason,
  'a file that is not a trace, is damaged or is newer is refused with the reason',
  async () => {
    const visit = await InspectorVisit.open(browser, server.url);
    const refusal = visit.page.getByTestId('trace-refusal');
    for (const [text, words] of [
      ['certainly not', 'this is not JSON'],
      ['{"format":"har"}', 'this is not a trace of Sluice'],
      ['{"format":"sluice-trace","v":99}', 'a newer Sluice wrote this trace'],
      ['{"format":"sluice-trace","v":1,"observations":[]}', 'the trace is damaged'],
    ] as const) {
      await open(visit.page, 'odd.json', text);
      await refusal.filter({ hasText: words }).waitFor();
    }
    assert.is(await visit.page.getByTestId('trace-banner').count(), 0);
    await visit.close();
  },
);

testUnless(
  test,
  reason,
  'a trace with other machine definitions says that its chart may differ',
  async () => {
    const visit = await InspectorVisit.open(browser, server.url);
    const trace: Trace = {
      format: 'sluice-trace',
      v: 1,
      sluice: '0.0.9',
      node: '24.0.0',
      platform: 'linux',
      exportedAt: '2026-01-02T03:04:05.000Z',
      machines: { download: 'another' },
      explanation: {
        download: {
          id: 'abcdefghijkl',
          url: 'http://a.test/old.bin',
          title: 'old.bin',
          engine: 'http',
          state: 'error',
          receivedBytes: 5,
          totalBytes: 10,
          percent: 50,
          bytesPerSecond: null,
          etaSeconds: null,
          attempt: 1,
          createdAt: '2026-01-02T03:00:00.000Z',
          finishedAt: '2026-01-02T03:01:00.000Z',
          file: null,
          error: { code: 'connection_lost', message: 'It broke.' },
        },
        session: 'one',
        transitions: [
          { at: 1_767_322_800_000, state: 'queued', cause: 'command:a' },
          { at: 1_767_322_860_000, state: 'error', cause: 'runner:failed' },
        ],
        output: 'the last words\n',
        stored: { id: 'abcdefghijkl' },
      },
      observations: [],
      recordings: [],
    };
    await open(visit.page, 'old.json', JSON.stringify(trace));
    await visit.page.getByTestId('machines-differ').waitFor();
    await visit.waitForValue('error');
    await visit.page.getByTestId('step-before').click();
    await visit.waitForValue('queued');
    await visit.page.getByTestId('tab-explain').click();
    await visit.page.getByTestId('explain-output').filter({ hasText: 'the last words' }).waitFor();
    await visit.page.locator('[data-testid="explain-error"][data-code="connection_lost"]').waitFor();
    await visit.close();
  },
);

testUnless(test, reason, 'a download that failed before a restart can be explained after it', async () => {
  const place = makePlace();
  try {
    let own = await startServer({ place, env });
    const context = await browser.newContext({ locale: 'en-GB' });
    const page = await context.newPage();
    await page.goto(own.url);
    const added = await page.request.post(`${own.url}/api/downloads`, {
      data: { url: `${site.url}/file/gone.bin?size=${MIB}&fault=status=404` },
      headers: { origin: own.url },
    });
    const { id } = (await added.json()) as { id: string };
    await page.locator(`[data-id="${id}"][data-state="error"]`).waitFor();
    const { port } = own;
    await own.stop();
    own = await startServer({ place, env, port });
    await page.goto(`${own.url}/inspector`);
    await page.getByTestId('actor').filter({ hasText: 'gone.bin' }).click();
    await page.getByTestId('tab-explain').click();
    await page.locator('[data-testid="explain-error"][data-code="remote_not_found"]').waitFor();
    await page.getByTestId('explain-transitions').filter({ hasText: 'runner:failed' }).waitFor();
    assert.is(await page.locator('[data-testid="chart"]').getAttribute('data-value'), 'error');
    await page.getByTestId('turn-before').click();
    await page.locator('[data-testid="past-row"][data-state="parse"]').waitFor();
    await context.close();
    await own.stop();
  } finally {
    place.remove();
  }
});

async function open(page: Page, name: string, text: string): Promise<void> {
  await page
    .getByTestId('open-file')
    .setInputFiles({ name, mimeType: 'application/json', buffer: Buffer.from(text) });
}

test.run();
