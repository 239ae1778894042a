import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { axeFindings } from '../support/browser.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { makePlace, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';

const fixture = pageFixture(test);
const env = { SLUICE_ENGINES: 'http' };

testUnless(test, pageMissing, 'lines that are not addresses stay in the field, with a message', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  const wrong = ['htp://bad/one.bin', 'ftp://x.org/file.zip', 'notanaddress'];
  await visit.downloadNow(...wrong.slice(0, 2), `${fixture.site.url}/file/good.bin`, ...wrong.slice(2));
  await visit.waitForState('good.bin', 'complete');
  await visit.page.getByRole('alert').getByText('3 lines are no web addresses').waitFor();
  assert.is(await visit.field.inputValue(), wrong.join('\n'));
  assert.is(await visit.field.getAttribute('aria-invalid'), 'true');
  assert.equal(await axeFindings(visit.page), []);
  await visit.shot('2-wrong lines');
  await visit.lookUp(`htp://bad/one.bin ${fixture.site.url}/file/good.bin`);
  await visit.page.getByRole('alert').getByText('1 line is no web address').waitFor();
  assert.is(await visit.field.inputValue(), 'htp://bad/one.bin');
  await visit.lookUp(`a link in a sentence: ${fixture.site.url}/file/good.bin`);
  assert.is(await visit.field.inputValue(), '');
  assert.equal(visit.errors, []);
  await visit.close();
});

testUnless(
  test,
  pageMissing,
  'a refused address is put back below the lines that are not addresses',
  async () => {
    const visit = await Visit.open(fixture.browser, fixture.server.url);
    await visit.downloadNow('notanaddress', 'http://10.0.0.1/refused.bin');
    await visit.page.getByText('private').waitFor();
    assert.is(await visit.field.inputValue(), 'notanaddress\nhttp://10.0.0.1/refused.bin');
    await visit.close();
  },
);

testUnless(test, pageMissing, 'a shared address fills the field once, not again after a reload', async () => {
  const shared = `${fixture.site.url}/file/shared.bin`;
  const visit = await Visit.open(
    fixture.browser,
    `${fixture.server.url}/?url=${encodeURIComponent(shared)}&title=A+file`,
  );
  await waitFor(async () => (await visit.field.inputValue()) === shared);
  await waitFor(() => visit.page.url() === `${fixture.server.url}/`);
  assert.is(await visit.page.getByTestId('lookup').count(), 0);
  await visit.page.reload();
  await visit.ready();
  assert.is(await visit.field.inputValue(), '');
  assert.equal(visit.errors, []);
  await visit.close();
});

/** Drops text on the page. */
async function drop(visit: Visit, type: string, text: string): Promise<void> {
  await visit.page.evaluate(
    ([kind, data]) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.setData(kind, data);
      const options = { dataTransfer, bubbles: true, cancelable: true };
      document.body.dispatchEvent(new DragEvent('dragover', options));
      document.body.dispatchEvent(new DragEvent('drop', options));
    },
    [type, text] as const,
  );
}

testUnless(
  test,
  pageMissing,
  'text pasted outside the field, or dropped, is looked up, and the text in the field stays',
  async () => {
    const visit = await Visit.open(fixture.browser, fixture.server.url, {
      permissions: ['clipboard-read', 'clipboard-write'],
    });
    const draft = `${fixture.site.url}/file/one.bin\n${fixture.site.url}/file/two.bin`;
    await visit.field.fill(draft);
    const url = `${fixture.site.url}/file/pasted.bin`;
    await visit.page.evaluate((text) => navigator.clipboard.writeText(text), url);
    await visit.page.getByRole('button', { name: 'Running' }).click();
    await visit.page.keyboard.press('Control+V');
    const done = visit.page.getByTestId('lookup').and(visit.page.locator('[data-phase="done"]'));
    await done.getByText('pasted').first().waitFor();
    assert.is(await visit.field.inputValue(), draft);
    await drop(visit, 'text/uri-list', `${fixture.site.url}/file/dropped.bin`);
    await done.getByText('dropped').first().waitFor();
    assert.is(await visit.field.inputValue(), draft);
    assert.equal(visit.errors, []);
    await visit.close();
  },
);

testUnless(test, pageMissing, 'dropped text without an address shows an error', async () => {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  await visit.field.fill('a draft');
  await drop(visit, 'text/plain', 'hello there');
  await visit.page.getByTestId('notice').getByText('hello is not a web address').waitFor();
  await drop(visit, 'text/plain', `ftp://x.org/a.zip\n${fixture.site.url}/file/good.bin`);
  await visit.page.getByTestId('notice').getByText('1 line is no web address').waitFor();
  await visit.page.getByTestId('lookup').and(visit.page.locator('[data-phase="done"]')).waitFor();
  assert.is(await visit.field.inputValue(), 'a draft');
  assert.equal(visit.errors, []);
  await visit.close();
});

testUnless(
  test,
  pageMissing,
  'an address added without a connection is shown as waiting until it is accepted',
  async () => {
    const place = makePlace();
    const doomed = await startServer({ place, env });
    const visit = await Visit.open(fixture.browser, doomed.url);
    await doomed.kill9();
    await visit.page.getByTestId('connection').and(visit.page.locator(':not([data-state="live"])')).waitFor();
    await visit.downloadNow(`${fixture.site.url}/file/later.bin`);
    const notice = visit.page.getByTestId('notice');
    await notice.getByText('Waiting for the connection: 1 address').waitFor();
    await visit.shot('7-waiting to add');
    const next = await startServer({ place, env, port: doomed.port });
    try {
      await notice.getByText('Added to your downloads').waitFor();
      await notice.getByText('Waiting for the connection').waitFor({ state: 'detached' });
      await visit.waitForState('later.bin', 'complete');
      assert.equal(visit.errors, []);
      await visit.close();
    } finally {
      await next.stop();
      place.remove();
    }
  },
);

test.run();
