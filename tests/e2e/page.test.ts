import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256Of } from '../site/content.ts';
import { mediaDir, mediaMissing } from '../site/media.ts';
import { type Site, startSite } from '../site/site.ts';
import { launchBrowser } from '../support/browser.ts';
import { picturesHash, sha256File, streamKinds } from '../support/media-hash.ts';
import { Visit } from '../support/page.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { missing } from '../support/tools.ts';
import { waitFor } from '../support/wait.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';

const MIB = 1024 * 1024;
const reason = missing('chromium');
let site: Site;
let server: TestServer;
let browser: Browser;

test.before(async () => {
  if (reason !== null) return;
  site = await startSite();
  server = await startServer();
  browser = await launchBrowser();
});
test.after(async () => {
  if (reason !== null) return;
  await browser.close();
  await server.stop();
  await site.close();
});

const onDisk = (name: string): string => join(server.place.downloadDir, name);

async function withVisit(body: (visit: Visit) => Promise<void>): Promise<void> {
  const visit = await Visit.open(browser, server.url);
  try {
    await body(visit);
    assert.equal(visit.errors, []);
  } finally {
    await visit.close();
  }
}

testUnless(test, reason, 'an empty list shows a hint', () =>
  withVisit(async (visit) => {
    await visit.page.getByText('Nothing here yet').waitFor();
    await visit.shot('1-empty');
  }),
);

testUnless(test, reason, 'paste, look up, pick, see progress, and the file is on the disk', () =>
  withVisit(async (visit) => {
    const url = `${site.url}/file/large.bin?size=${40 * MIB}&seed=5&rate=${3 * MIB}`;
    const card = await visit.lookUp(url);
    await visit.shot('2-looked-up');
    await card.getByTestId('download-item').click();
    await visit.bar('large').waitFor();
    const values = await visit.watchBar('large');
    assert.ok(values.length >= 4, `the bar moved: ${values.join(' ')}`);
    assert.equal(
      values,
      values.toSorted((a, b) => a - b),
    );
    assert.is(await sha256File(onDisk('large.bin')), sha256Of(5, 40 * MIB));
    await visit.shot('4-done');

    const saving = visit.page.waitForEvent('download');
    await visit.page.getByRole('link', { name: 'Save file: large' }).click();
    const saved = await saving;
    assert.is(saved.suggestedFilename(), 'large.bin');
    assert.is(await sha256File(await saved.path()), sha256Of(5, 40 * MIB));
  }),
);

testUnless(
  test,
  reason,
  'a page with three videos: each is listed with its qualities, and all three can be downloaded',
  () =>
    withVisit(async (visit) => {
      const card = await visit.lookUp(`${site.url}/page/three`);
      assert.is(await card.getByTestId('lookup-item').count(), 3);
      await visit.shot('2-three-videos');
      await card.getByRole('button', { name: 'Download all' }).click();
      for (const title of ['Clip one', 'Clip two', 'Clip three']) await visit.waitForState(title, 'complete');
      await visit.shot('4-three-done');
      const api = await visit.page.request.get(`${server.url}/api/downloads`);
      const { downloads } = (await api.json()) as { downloads: { file: { name: string } }[] };
      const hashes = await Promise.all(downloads.map(({ file }) => sha256File(onDisk(file.name))));
      const expected = [sha256Of(11, 300_000), sha256Of(12, 400_000), sha256Of(13, 500_000)];
      assert.equal(hashes.sort(), expected.sort());
    }),
);

testUnless(
  test,
  reason ?? mediaMissing,
  'an HLS stream: the table of qualities, one picked, the pictures right',
  () =>
    withVisit(async (visit) => {
      const card = await visit.lookUp(`${site.url}/media/ts/master.m3u8`);
      const table = card.getByRole('table');
      await table.waitFor();
      await visit.shot('2-qualities');
      await table.getByRole('row', { name: /180/ }).getByRole('button').click();
      await waitFor(
        async () => (await visit.page.getByTestId('download').getAttribute('data-state')) === 'complete',
        {
          what: 'the stream to be done',
          deadlineMs: 180_000,
        },
      );
      const file = await visit.page.request.get(`${server.url}/api/downloads`);
      const { downloads } = (await file.json()) as { downloads: { file: { name: string } }[] };
      const reference = join((await mediaDir()) ?? '', 'small.mp4');
      assert.is(await picturesHash(onDisk(downloads[0]?.file.name ?? '')), await picturesHash(reference));
    }),
);

testUnless(
  test,
  reason ?? ytDlpMissing() ?? mediaMissing,
  'DASH with separate audio goes through yt-dlp and is merged',
  () =>
    withVisit(async (visit) => {
      await visit.downloadNow(`${site.url}/media/dash/index.mpd`);
      const row = visit.page.getByTestId('download').and(visit.page.locator('[data-state="complete"]'));
      await row.waitFor({ timeout: 180_000 });
      assert.match((await row.textContent()) ?? '', 'yt-dlp');
      await visit.shot('4-dash-done');
      const answer = await visit.page.request.get(`${server.url}/api/downloads`);
      const { downloads } = (await answer.json()) as { downloads: { file: { name: string } }[] };
      const path = onDisk(downloads[0]?.file.name ?? '');
      assert.equal(await streamKinds(path), ['audio', 'video']);
      assert.is(await picturesHash(path), await picturesHash(join((await mediaDir()) ?? '', 'clip.mp4')));
    }),
);

testUnless(test, reason, 'pause, resume, cancel, try again and remove, each from the row', () =>
  withVisit(async (visit) => {
    const url = `${site.url}/file/steps.bin?size=${60 * MIB}&seed=8&rate=${6 * MIB}`;
    await visit.downloadNow(url);
    await visit.waitForState('steps.bin', 'download');
    await visit.shot('3-running');
    await visit.press('Pause', 'steps.bin');
    await visit.waitForState('steps.bin', 'paused');
    await visit.press('Resume', 'steps.bin');
    await visit.waitForState('steps.bin', 'download');
    await visit.press('Cancel', 'steps.bin');
    await visit.page.getByRole('dialog').getByRole('button', { name: 'Stop and discard' }).click();
    await visit.waitForState('steps.bin', 'cancelled');
    await visit.press('Try again', 'steps.bin');
    site.unthrottle('/file/steps.bin');
    await visit.waitForState('steps.bin', 'complete');
    assert.is(await sha256File(onDisk('steps.bin')), sha256Of(8, 60 * MIB));
    await visit.press('Remove', 'steps.bin');
    const dialog = visit.page.getByRole('dialog');
    await dialog.waitFor();
    await visit.shot('5-remove');
    await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
    await visit.row('steps.bin').waitFor({ state: 'detached' });
  }),
);

testUnless(test, reason, 'errors show what happened and the remedy', () =>
  withVisit(async (visit) => {
    await visit.field.fill('not an address');
    await visit.page.getByRole('button', { name: 'Look up', exact: true }).click();
    await visit.page.getByRole('alert').getByText('is not a web address').waitFor();
    await visit.downloadNow(`${site.url}/nowhere.mp4`);
    await visit.waitForState('nowhere.mp4', 'error');
    await visit.row('nowhere.mp4').getByText('The server says: not found. Check the address.').waitFor();
    await visit.shot('6-errors');
  }),
);

testUnless(test, reason, 'a hostile title is text, never markup', () =>
  withVisit(async (visit) => {
    const title = '<img src=x onerror=document.title=1>';
    const disposition = encodeURIComponent(`attachment; filename="${title}.mp4"`);
    const card = await visit.lookUp(`${site.url}/file/x.mp4?size=9000&disposition=${disposition}`);
    await card.getByRole('heading').getByText(title).waitFor();
    await card.getByTestId('download-item').click();
    const row = visit.page.getByTestId('download').and(visit.page.locator('[data-state="complete"]'));
    await row.getByText('onerror').first().waitFor();
    assert.is(await visit.page.locator('main img').count(), 0);
    assert.is(await visit.page.title(), 'Sluice');
  }),
);

testUnless(test, reason, 'a refused address is put back into the field', async () => {
  const visit = await Visit.open(browser, server.url);
  await visit.downloadNow('http://10.0.0.1/refused.bin', `${site.url}/file/taken.bin`);
  await visit.waitForState('taken.bin', 'complete');
  await visit.page.getByText('private').waitFor();
  await waitFor(async () => (await visit.field.inputValue()) === 'http://10.0.0.1/refused.bin');
  await visit.close();
});

test.run();
