import type { Browser } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type Site, startSite } from '../site/site.ts';
import { axeFindings, launchBrowser } from '../support/browser.ts';
import { Visit } from '../support/page.ts';
import { startServer, type TestServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { missing } from '../support/tools.ts';
import { waitFor } from '../support/wait.ts';

const reason = missing('chromium');
const env = { SLUICE_ENGINES: 'http' };
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

testUnless(
  test,
  reason,
  'of a list the lines that are no addresses stay in the field, and it says so',
  async () => {
    const visit = await Visit.open(browser, server.url);
    const wrong = ['htp://bad/one.bin', 'ftp://x.org/file.zip', 'notanaddress'];
    await visit.downloadNow(...wrong.slice(0, 2), `${site.url}/file/good.bin`, ...wrong.slice(2));
    await visit.waitForState('good.bin', 'complete');
    await visit.page.getByRole('alert').getByText('3 lines are no web addresses').waitFor();
    assert.is(await visit.field.inputValue(), wrong.join('\n'));
    assert.is(await visit.field.getAttribute('aria-invalid'), 'true');
    assert.equal(await axeFindings(visit.page), []);
    await visit.shot('2-wrong lines');
    await visit.lookUp(`htp://bad/one.bin ${site.url}/file/good.bin`);
    await visit.page.getByRole('alert').getByText('1 line is no web address').waitFor();
    assert.is(await visit.field.inputValue(), 'htp://bad/one.bin');
    await visit.lookUp(`a link in a sentence: ${site.url}/file/good.bin`);
    assert.is(await visit.field.inputValue(), '');
    assert.equal(visit.errors, []);
    await visit.close();
  },
);

testUnless(test, reason, 'an address that was refused comes back below the lines that are none', async () => {
  const visit = await Visit.open(browser, server.url);
  await visit.downloadNow('notanaddress', 'http://10.0.0.1/refused.bin');
  await visit.page.getByText('private').waitFor();
  assert.is(await visit.field.inputValue(), 'notanaddress\nhttp://10.0.0.1/refused.bin');
  await visit.close();
});

testUnless(test, reason, 'what was shared fills the field once: a reload leaves it empty', async () => {
  const shared = `${site.url}/file/shared.bin`;
  const visit = await Visit.open(browser, `${server.url}/?url=${encodeURIComponent(shared)}&title=A+file`);
  await waitFor(async () => (await visit.field.inputValue()) === shared);
  await waitFor(() => visit.page.url() === `${server.url}/`);
  assert.is(await visit.page.getByTestId('lookup').count(), 0);
  await visit.page.reload();
  await visit.ready();
  assert.is(await visit.field.inputValue(), '');
  assert.equal(visit.errors, []);
  await visit.close();
});

test.run();
