import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256Of } from '../site/content.ts';
import { sha256File } from '../support/media-hash.ts';
import { DOWNLOAD_MS, Visit } from '../support/page.ts';
import { makePlace, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';

const MIB = 1024 * 1024;
const fixture = pageFixture(test);
const env = { SLUICE_ENGINES: 'http' };

const slow = (name: string, seed: number): string =>
  `${fixture.site.url}/file/${name}?size=${40 * MIB}&seed=${seed}&rate=${MIB / 4}`;

testUnless(test, pageMissing, 'two browsers have separate lists; two tabs of one share theirs', async () => {
  const first = await Visit.open(fixture.browser, fixture.server.url);
  const second = await Visit.open(fixture.browser, fixture.server.url);
  const tab = await first.tab(fixture.server.url);
  await first.downloadNow(slow('mine.bin', 21));
  await second.downloadNow(slow('yours.bin', 22));
  await first.waitForState('mine.bin', 'download');
  await second.waitForState('yours.bin', 'download');
  await tab.waitForState('mine.bin', 'download');
  assert.is(await first.page.getByTestId('download').count(), 1);
  assert.is(await second.page.getByTestId('download').count(), 1);
  await tab.press('Pause', 'mine.bin');
  await first.waitForState('mine.bin', 'paused');
  await first.press('Resume', 'mine.bin');
  for (const name of ['mine', 'yours']) fixture.site.unthrottle(`/file/${name}.bin`);
  await tab.waitForState('mine.bin', 'complete');
  await second.waitForState('yours.bin', 'complete');
  for (const visit of [first, second, tab]) assert.equal(visit.errors, []);
  await first.close();
  await second.close();
});

testUnless(test, pageMissing, 'a reload during a download shows its progress', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  await visit.downloadNow(slow('reload.bin', 23));
  await visit.waitForState('reload.bin', 'download');
  await visit.page.reload();
  await visit.ready();
  await visit.bar('reload.bin').waitFor();
  const values: number[] = [];
  const watching = visit.watchBar('reload.bin', values);
  await waitFor(() => values.length > 1, { what: 'the bar to move' });
  fixture.site.unthrottle('/file/reload.bin');
  await watching;
  assert.is(await sha256File(join(fixture.server.place.downloadDir, 'reload.bin')), sha256Of(23, 40 * MIB));
  await visit.page.reload();
  await visit.waitForState('reload.bin', 'complete');
  assert.equal(visit.errors, []);
  await visit.close();
});

testUnless(
  test,
  pageMissing,
  'a page that is offline says so, and is up to date again after reconnecting',
  async () => {
    const visit = await Visit.open(fixture.browser, fixture.server.url);
    await visit.downloadNow(slow('offline.bin', 24));
    await visit.waitForState('offline.bin', 'download');
    await visit.page.context().setOffline(true);
    // Chromium keeps open sockets when it is set offline: the test closes the server's side.
    await visit.page.evaluate(() => dispatchEvent(new Event('offline')));
    await visit.page.context().setOffline(false);
    fixture.site.unthrottle('/file/offline.bin');
    await visit.waitForState('offline.bin', 'complete');
    await visit.close();
  },
);

testUnless(
  test,
  pageMissing,
  'after a kill -9 of the server the page reconnects and shows the download going on',
  async () => {
    const place = makePlace();
    const doomed = await startServer({ place, env });
    const visit = await Visit.open(fixture.browser, doomed.url);
    await visit.downloadNow(slow('survivor.bin', 25));
    await visit.waitForState('survivor.bin', 'download');
    await doomed.kill9();
    await visit.page.getByTestId('connection').and(visit.page.locator(':not([data-state="live"])')).waitFor();
    await visit.shot('7-reconnecting');
    const next = await startServer({ place, env, port: doomed.port });
    try {
      await visit.page
        .getByTestId('connection')
        .and(visit.page.locator('[data-state="live"]'))
        .waitFor({ timeout: DOWNLOAD_MS });
      fixture.site.unthrottle('/file/survivor.bin');
      await visit.waitForState('survivor.bin', 'complete');
      assert.is(await sha256File(join(place.downloadDir, 'survivor.bin')), sha256Of(25, 40 * MIB));
      assert.is(await visit.page.getByTestId('download').count(), 1);
      await visit.close();
    } finally {
      await next.stop();
      place.remove();
    }
  },
);

test.run();
