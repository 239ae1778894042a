/** Pages of other sites can link to the list, but neither read nor change it. */
import type { Page } from 'playwright-core';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type OtherSite, pageOn, startOtherSite } from '../support/other-site.ts';
import { pageFixture, pageMissing } from '../support/page-fixture.ts';
import { Visit } from '../support/page.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';

const fixture = pageFixture(test);
let other: OtherSite;
test.before(async () => {
  other = await startOtherSite();
});
test.after(() => other.close());

interface Target {
  url: string;
  /** Of a paused download. */
  id: string;
}

/** A browser with a paused download, on a page of another site. */
async function elsewhere(site: string): Promise<{ visit: Visit; target: Target }> {
  const visit = await Visit.open(fixture.browser, fixture.server.url);
  await visit.downloadNow(`${fixture.site.url}/file/mine.bin?size=400000000&rate=1000000`);
  await visit.waitForState('mine.bin', 'download');
  await visit.press('Pause', 'mine.bin');
  await visit.waitForState('mine.bin', 'paused');
  const id = (await visit.row('mine.bin').getAttribute('data-id')) ?? '';
  await visit.page.goto(pageOn(site, '<h1>Elsewhere</h1>'));
  return { visit, target: { url: fixture.server.url, id } };
}

/** Asserts that the list is unchanged. */
async function isUntouched(visit: Visit): Promise<void> {
  await visit.page.goto(fixture.server.url);
  await visit.ready();
  await visit.waitForState('mine.bin', 'paused');
  assert.equal([await visit.page.getByTestId('download').count(), await visit.lost.count()], [1, 0]);
}

/** Records the cookies of the requests of a page. */
function watchCookies(page: Page): { path: string; cookie: string | undefined }[] {
  const seen: { path: string; cookie: string | undefined }[] = [];
  page.on('request', async (request) => {
    const url = new URL(request.url());
    if (url.origin !== fixture.server.url) return;
    seen.push({ path: url.pathname, cookie: (await request.allHeaders())['cookie'] });
  });
  return seen;
}

for (const where of ['url', 'sameSiteUrl'] as const) {
  const isSameSite = where === 'sameSiteUrl';
  const whose = isSameSite ? 'another port of this host' : 'another site';
  testUnless(
    test,
    pageMissing,
    `a page on ${whose} reads nothing: images, scripts, requests and frames`,
    async () => {
      const { visit, target } = await elsewhere(other[where]);
      const { page } = visit;
      const seen = watchCookies(page);
      const read = await page.evaluate(async ({ url, id }) => {
        const paths = [
          '/',
          '/api/downloads',
          `/api/downloads/${id}`,
          '/api/engines',
          `/api/downloads/${id}/file`,
        ];
        const results: string[] = [];
        for (const path of paths) {
          for (const mode of ['no-cors', 'cors'] as const) {
            const outcome = await fetch(url + path, { mode, credentials: 'include' }).then(
              (response) => `${response.type} ${response.status}`,
              () => 'refused',
            );
            if (outcome !== 'refused') results.push(`${mode} ${path}: ${outcome}`);
          }
          const load = (element: HTMLImageElement | HTMLScriptElement): Promise<string> =>
            new Promise((resolve) => {
              element.onload = () => resolve('loaded');
              element.onerror = () => resolve('refused');
              element.src = url + path;
              document.body.append(element);
            });
          for (const name of ['img', 'script'] as const) {
            if ((await load(document.createElement(name))) === 'loaded') results.push(`${name} ${path}`);
          }
          const frame = document.createElement('iframe');
          const framed = new Promise((resolve) => (frame.onload = resolve));
          frame.src = url + path;
          document.body.append(frame);
          if (!path.endsWith('/file')) await framed;
        }
        return results;
      }, target);
      assert.equal(read, []);
      for (const frame of page.frames().slice(1)) {
        assert.not.ok((await frame.content()).includes('mine.bin'), frame.url());
      }
      await waitFor(() => seen.length >= 20, { what: 'the requests of the page' });
      const withCookie = seen.filter(({ cookie }) => cookie?.includes('sluice_session'));
      // Cookies do not depend on the port, so only the response can be protected here.
      if (isSameSite) assert.ok(withCookie.length > 0);
      else assert.equal(withCookie, []);
      await isUntouched(visit);
      await visit.close();
    },
  );

  testUnless(test, pageMissing, `a page on ${whose} changes nothing: requests, forms, sockets`, async () => {
    const { visit, target } = await elsewhere(other[where]);
    const { page } = visit;
    const outcomes = await page.evaluate(async ({ url, id }) => {
      const body = JSON.stringify({ url: 'http://127.0.0.1:9/forged.bin' });
      const tried: string[] = [];
      for (const path of [
        `/api/downloads/${id}/resume`,
        `/api/downloads/${id}/cancel`,
        '/api/downloads',
        '/api/sessions',
      ]) {
        for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/json']) {
          const init: RequestInit = {
            method: 'POST',
            credentials: 'include',
            headers: { 'content-type': type },
            body,
          };
          for (const mode of ['no-cors', 'cors'] as const)
            await fetch(url + path, { ...init, mode }).catch(() => {});
          navigator.sendBeacon(url + path, new Blob([body], { type: 'text/plain' }));
        }
      }
      await fetch(`${url}/api/downloads/${id}`, { method: 'DELETE', credentials: 'include' }).catch(() => {});
      for (const path of ['/api/channel', '/api/inspector/channel']) {
        const socket = new WebSocket(`${url.replace('http', 'ws')}${path}`, [
          'sluice.v1',
          'sluice-inspector.v1',
        ]);
        tried.push(
          await new Promise<string>((resolve) => {
            socket.onopen = () => resolve(`${path} opened`);
            socket.onclose = () => resolve('refused');
          }),
        );
      }
      return tried;
    }, target);
    assert.equal(outcomes, ['refused', 'refused']);
    // Each address, and where something could be added each type that a form can have.
    for (const [path, type] of [
      [`/api/downloads/${target.id}/resume`, 'text/plain'],
      ['/api/downloads', 'text/plain'],
      ['/api/downloads', 'application/x-www-form-urlencoded'],
      ['/api/downloads', 'multipart/form-data'],
      ['/api/sessions', 'multipart/form-data'],
      ['/', 'application/x-www-form-urlencoded'],
      ['/link', 'application/x-www-form-urlencoded'],
    ] as const) {
      const form = `<form id="f" method="post" enctype="${type}" action="${target.url}${path}">
        <input name='{"url":"http://127.0.0.1:9/forged.bin","x":"' value='"}'></form><script>f.submit()</script>`;
      await page.goto(pageOn(other[where], form));
      await page.waitForURL(`${target.url}${path}`);
      assert.match(await page.content(), /forbidden_origin/, `${type} ${path}`);
    }
    await isUntouched(visit);
    await visit.close();
  });
}

test.run();
