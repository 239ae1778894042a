/** A browser that lost its list says so, and gets it back with a link of the operator. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import {
  addTo,
  commandFor,
  commandOn,
  linkFrom,
  loseCookie,
  sessionIdOf,
  visitWithList,
} from '../support/lost-list.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { makePlace, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { PHONE, testLostList } from './looks.ts';

const fixture = pageFixture(test);

testUnless(test, pageMissing, 'a lost list is shown until it is dismissed, and never again', async () => {
  const visit = await visitWithList(fixture);
  const lost = await sessionIdOf(visit);
  assert.is(await visit.lost.count(), 0);
  await loseCookie(visit);
  await visit.lost.waitFor();
  assert.is(await visit.page.getByTestId('download').count(), 0);
  assert.is.not(await sessionIdOf(visit), lost);
  assert.is(await commandOn(visit.page), commandFor(lost));
  await visit.page.reload();
  await visit.ready();
  await visit.lost.waitFor();
  const tab = await visit.tab(fixture.server.url);
  await tab.lost.waitFor();
  await visit.page.getByRole('button', { name: 'Go on with this list' }).click();
  await visit.lost.waitFor({ state: 'detached' });
  await tab.lost.waitFor({ state: 'detached' });
  for (const each of [visit, tab]) {
    await each.page.reload();
    await each.ready();
    assert.is(await each.lost.count(), 0);
    assert.equal(each.errors, []);
  }
  await visit.close();
});

testUnless(
  test,
  pageMissing,
  'a list lost by a new server key is shown too, also on an open page, and without storage',
  async () => {
    const place = makePlace();
    const env = { SLUICE_ENGINES: 'http' };
    const before = await startServer({ place, env });
    const { port, url } = before;
    const open = await visitWithList(fixture, {}, url);
    const noStorage = await visitWithList(fixture, {}, url);
    const [first, second] = [await sessionIdOf(open), await sessionIdOf(noStorage)];
    await noStorage.page.evaluate(() => localStorage.clear());
    await noStorage.page.goto('about:blank');
    await before.stop();
    rmSync(join(place.dataDir, 'token.key'));
    const after = await startServer({ place, env, port });
    try {
      await open.lost.waitFor();
      assert.is(await commandOn(open.page), commandFor(first));
      await noStorage.page.goto(url);
      await noStorage.lost.waitFor();
      assert.is(await commandOn(noStorage.page), commandFor(second));
      await open.page.goto(await linkFrom(await commandOn(open.page), after));
      await open.page.getByTestId('link-open').click();
      await open.row('mine.bin').waitFor();
      assert.is(await open.lost.count(), 0);
      await open.close();
      await noStorage.close();
    } finally {
      await after.stop();
      place.remove();
    }
  },
);

testUnless(
  test,
  pageMissing,
  'the command in the notice prints a link that brings the list back, in every tab',
  async () => {
    const visit = await visitWithList(fixture);
    const lost = await sessionIdOf(visit);
    await loseCookie(visit);
    await addTo(visit, fixture, 'newer.bin');
    const newer = await sessionIdOf(visit);
    const tab = await visit.tab(fixture.server.url);
    await tab.row('newer.bin').waitFor();
    const link = await linkFrom(await commandOn(visit.page), fixture.server);
    const { page } = visit;
    await page.goto(link);
    await page
      .getByTestId('link-opens')
      .filter({ hasText: lost })
      .filter({ hasText: '2 downloads' })
      .waitFor();
    await page
      .getByTestId('link-present')
      .filter({ hasText: newer })
      .filter({ hasText: '1 download' })
      .waitFor();
    assert.is(
      await page.getByTestId('link-present').getByTestId('reopen-line').textContent(),
      commandFor(newer),
    );
    assert.is(page.url(), `${fixture.server.url}/link`, 'the grant does not stay in the address');
    assert.is(await sessionIdOf(visit), newer, 'nothing has happened yet');
    await page.getByRole('button', { name: 'Open this list' }).click();
    await page.waitForURL(`${fixture.server.url}/`);
    await visit.ready();
    for (const each of [visit, tab]) {
      await each.row('mine.bin').waitFor();
      assert.equal([await each.page.getByTestId('download').count(), await each.lost.count()], [2, 0]);
    }
    assert.is(await sessionIdOf(visit), lost);

    await page.goto(link);
    await page.getByTestId('link-error').waitFor();
    assert.is(await sessionIdOf(visit), lost);
    const back = await linkFrom(commandFor(newer), fixture.server);
    await page.goto(back);
    await page.getByTestId('link-open').click();
    await visit.row('newer.bin').waitFor();
    assert.is(await visit.lost.count(), 0, 'what is replaced on purpose is not lost');
    // The browser logs the 410.
    assert.equal(
      visit.errors.filter((error) => !error.includes('410')),
      [],
    );
    await visit.close();
  },
);

testLostList(test, fixture, [
  ['on a wide screen', {}],
  ['in Chinese, on a phone in the dark', { ...PHONE, locale: 'zh-CN', colorScheme: 'dark' }],
]);

test.run();
