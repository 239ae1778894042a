/** Links of the operator are opened only after a confirmation. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { axeFindings } from '../support/browser.ts';
import { sluice } from '../support/cli.ts';
import { commandFor, linkFrom, sessionIdOf, visitWithList } from '../support/lost-list.ts';
import { type OtherSite, pageOn, startOtherSite } from '../support/other-site.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { testUnless } from '../support/skip.ts';

const fixture = pageFixture(test);
let other: OtherSite;
test.before(async () => {
  other = await startOtherSite();
});
test.after(() => other.close());

testUnless(
  test,
  pageMissing,
  'a link opened by another site waits for a confirmation, and can be declined',
  async () => {
    const visit = await visitWithList(fixture);
    const mine = await sessionIdOf(visit);
    const stranger = await fixture.server.session();
    await stranger.add({ url: `${fixture.site.url}/file/theirs.bin` });
    const link = await linkFrom(commandFor(stranger.token.slice(0, 16)), fixture.server);
    const { page } = visit;
    await page.goto(pageOn(other.url, `<a href="${link}">Look</a>`));
    await page.getByRole('link').click();
    await page.getByTestId('link-open').waitFor();
    // Keys pressed by accident do nothing.
    for (const key of ['Enter', 'Space', 'Enter']) await page.keyboard.press(key);
    assert.is(await sessionIdOf(visit), mine);
    await page.getByRole('link', { name: 'Keep the list I have' }).click();
    await visit.row('mine.bin').waitFor();
    await page.goto(pageOn(other.url, `<iframe src="${link}"></iframe>`), { waitUntil: 'networkidle' });
    assert.is(await page.frameLocator('iframe').getByTestId('link-open').count(), 0);
    await page.goto(pageOn(other.url, '<title>Form</title>'));
    const grant = new URLSearchParams(new URL(link).hash.slice(1)).get('grant') ?? '';
    const open = { url: `${fixture.server.url}/api/links/open`, body: JSON.stringify({ grant }) };
    await page.evaluate(async ({ url, body }) => {
      await fetch(url, { method: 'POST', credentials: 'include', mode: 'no-cors', body }).catch(() => {});
    }, open);
    await page.goto(fixture.server.url);
    await visit.row('mine.bin').waitFor();
    assert.is(await sessionIdOf(visit), mine);
    await visit.close();
  },
);

testUnless(test, pageMissing, 'a link to the current list, and a truncated link, are explained', async () => {
  const visit = await visitWithList(fixture);
  const line = commandFor(await sessionIdOf(visit));
  await visit.page.goto(await linkFrom(line, fixture.server));
  await visit.page.getByRole('heading', { name: 'This browser has that list already' }).waitFor();
  await visit.page.goto(`${fixture.server.url}/link`);
  await visit.page.getByRole('heading', { name: 'This is not a whole link' }).waitFor();
  assert.equal(await axeFindings(visit.page), []);
  await visit.page.getByRole('link', { name: 'Go to the downloads' }).click();
  await visit.row('mine.bin').waitFor();
  await visit.close();
});

testUnless(
  test,
  pageMissing,
  "the operator's link from another site asks first, then shows the inspector",
  async () => {
    const visit = await visitWithList(fixture);
    const { stdout } = await sluice(['operator', '--server', fixture.server.url], {
      place: fixture.server.place,
    });
    const { page } = visit;
    await page.goto(pageOn(other.url, `<a href="${stdout.trim()}">Inspector</a>`));
    await page.getByRole('link').click();
    await page.getByRole('heading', { name: 'Open the inspector in this browser?' }).waitFor();
    assert.equal(await axeFindings(page), []);
    await page.getByRole('button', { name: 'Open the inspector' }).click();
    await page.waitForURL(`${fixture.server.url}/inspector`);
    await page.locator('[data-testid="inspector-connection"][data-state="live"]').waitFor();
    await visit.close();
  },
);

testUnless(
  test,
  pageMissing,
  "the operator's link works once: another browser gets a page that says so, and nothing else",
  async () => {
    const { stdout } = await sluice(['operator', '--server', fixture.server.url], {
      place: fixture.server.place,
    });
    const link = stdout.trim();
    const operator = await (await fixture.browser.newContext({ locale: 'en-GB' })).newPage();
    await operator.goto(link);
    await operator.waitForURL(`${fixture.server.url}/inspector`);
    await operator.goto(link);
    assert.is(operator.url(), `${fixture.server.url}/inspector`, 'its own browser has it open already');
    const replay = await (await fixture.browser.newContext({ locale: 'en-GB' })).newPage();
    await replay.goto(link);
    const said = replay.getByTestId('link-error');
    await said.waitFor();
    assert.match((await said.textContent()) ?? '', /used/);
    assert.equal(await axeFindings(replay), []);
    const cookies = await replay.context().cookies();
    assert.equal(
      cookies.filter(({ name }) => name === 'sluice_operator'),
      [],
    );
    assert.is((await replay.goto(`${fixture.server.url}/inspector`))?.status(), 404);
    // A program that replays it is told by its status.
    const grant = new URL(link).searchParams.get('grant');
    const answer = await fetch(`${fixture.server.url}/inspector/sign-in?grant=${grant}`, {
      redirect: 'manual',
    });
    assert.equal(
      [answer.status, answer.headers.get('set-cookie')?.includes('operator') ?? false],
      [410, false],
    );
    await operator.context().close();
    await replay.context().close();
  },
);

test.run();
