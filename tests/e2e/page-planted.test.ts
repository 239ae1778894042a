/** A cookie that a program on another port of this host has set makes nobody use its list. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Api } from '../support/api.ts';
import { axeFindings } from '../support/browser.ts';
import { freePort } from '../support/free-port.ts';
import { type OtherSite, plantOn, startOtherSite } from '../support/other-site.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { STEP_MS, Visit } from '../support/page.ts';
import { startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';

const fixture = pageFixture(test);
let other: OtherSite;
test.before(async () => {
  other = await startOtherSite();
});
test.after(() => other.close());

/** Opens the page, starts a new list if it asks, and adds a download. */
async function addBy(visit: Visit, url: string, name: string): Promise<void> {
  await visit.page.goto(url);
  const asked = visit.page.getByTestId('unknown-list');
  const live = visit.page.getByTestId('connection').and(visit.page.locator('[data-state="live"]'));
  await asked.or(live).first().waitFor();
  if ((await asked.count()) > 0) {
    assert.equal(await axeFindings(visit.page), []);
    await visit.shot(`unknown list ${name}`);
    await visit.page.getByRole('button', { name: 'Start a new list' }).click();
  }
  await visit.ready();
  await visit.downloadNow(`${fixture.site.url}/file/${name}`);
  await visit.row(name).waitFor();
}

async function hasNothing(attacker: Api): Promise<void> {
  assert.equal(
    (await attacker.list()).map(({ title }) => title),
    [],
  );
}

for (const cookie of ['sluice_session', 'sluice_first']) {
  testUnless(test, pageMissing, `a first visit does not use a list whose ${cookie} was planted`, async () => {
    const attacker = await fixture.server.session();
    const visit = Visit.on(await (await fixture.browser.newContext({ locale: 'en-GB' })).newPage());
    await visit.page.goto(plantOn(other.sameSiteUrl, `${cookie}=${attacker.token}; Path=/; Max-Age=900`));
    await addBy(visit, fixture.server.url, `${cookie}.bin`);
    await hasNothing(attacker);
    await visit.page.reload();
    await visit.row(`${cookie}.bin`).waitFor();
    await visit.close();
  });
}

testUnless(test, pageMissing, 'a planted cookie that replaces the own one is asked about', async () => {
  const attacker = await fixture.server.session();
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  await visit.page.goto(plantOn(other.sameSiteUrl, `sluice_session=${attacker.token}; Path=/; Max-Age=900`));
  await addBy(visit, fixture.server.url, 'replaced.bin');
  await hasNothing(attacker);
  await visit.lost.waitFor();
  await visit.close();
});

for (const path of ['/api', '/api/', '/api/channel', '/api/sessions', '/api/downloads']) {
  testUnless(
    test,
    pageMissing,
    `a planted cookie for ${path} is removed, and the own list stays`,
    async () => {
      const attacker = await fixture.server.session();
      const visit = await Visit.open(fixture.browser, fixture.server.url);
      const own = await visit.session();
      await visit.page.goto(plantOn(other.sameSiteUrl, `sluice_session=${attacker.token}; Path=${path}`));
      await addBy(visit, fixture.server.url, 'beside.bin');
      await hasNothing(attacker);
      await fixtureList(visit);
      const left = await visit.page.context().cookies(`${fixture.server.url}${path}`);
      const tokens = left.filter(({ name }) => name === 'sluice_session').map(({ value }) => value);
      // That for `/api/downloads` alone was sent with no request that the page has made.
      assert.ok(tokens.includes(own));
      assert.is(await visit.lost.count(), 0);
      await visit.close();
    },
  );
}

/** The page shows what its server has for it after a reload as well. */
async function fixtureList(visit: Visit): Promise<void> {
  await visit.page.reload();
  await visit.row('beside.bin').waitFor();
}

testUnless(
  test,
  pageMissing,
  'a planted cookie with the prefix of https does not replace the own one',
  async () => {
    const attacker = await fixture.server.session();
    const visit = await Visit.open(fixture.browser, fixture.server.url);
    const own = await visit.session();
    const line = `__Host-sluice_session=${attacker.token}; Path=/; Secure`;
    await visit.page.goto(plantOn(other.sameSiteUrl, line));
    const planted = await visit.page.context().cookies();
    assert.ok(
      planted.some(({ name }) => name.startsWith('__Host-')),
      'Chromium takes it from another port',
    );
    await addBy(visit, fixture.server.url, 'prefixed.bin');
    await hasNothing(attacker);
    assert.equal([await visit.session(), await visit.lost.count()], [own, 0]);
    await visit.close();
  },
);

testUnless(
  test,
  pageMissing,
  'a planted cookie of the whole domain does not replace the own list',
  async () => {
    const port = await freePort();
    const url = `http://nas.sluice.localhost:${port}`;
    const server = await startServer({ port, env: { SLUICE_ENGINES: 'http', SLUICE_ORIGINS: url } });
    try {
      const attacker = await server.session();
      const visit = await Visit.open(fixture.browser, url);
      const planter = `http://evil.sluice.localhost:${other.port}`;
      await visit.page.goto(
        plantOn(planter, `sluice_session=${attacker.token}; Domain=sluice.localhost; Path=/; Max-Age=900`),
      );
      await addBy(visit, url, 'domain.bin');
      await hasNothing(attacker);
      await waitFor(
        async () =>
          (await visit.page.context().cookies(url)).filter(({ name }) => name === 'sluice_session').length ===
          1,
        { what: 'the planted cookie is removed', deadlineMs: STEP_MS },
      );
      assert.is(await visit.lost.count(), 0);
      await visit.close();
    } finally {
      await server.stop();
    }
  },
);

test.run();
