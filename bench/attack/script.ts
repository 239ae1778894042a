/**
 * Script in everything that strangers write and the page shows, in a real Chromium: once as it is, and once without the
 * page's content security policy, as escaping has to be enough.
 */
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { launchBrowser } from '../../tests/support/browser.ts';
import { Api } from '../../tests/support/api.ts';
import { Visit } from '../../tests/support/page.ts';
import { missing } from '../../tests/support/tools.ts';
import { waitFor } from '../../tests/support/wait.ts';
import type { Report } from './report.ts';
import { type Scene, SITE } from './scene.ts';

/** Each calls `marked`, or makes an element with `data-marked`, where it is taken for HTML. */
const PAYLOADS = [
  '<script>marked(1)</script>',
  '<img src=x data-marked onerror=marked(2)>',
  '<svg data-marked onload=marked(3)>',
  '"><img src=x data-marked onerror=marked(4)>',
  "'><svg/onload=marked(5) data-marked>",
  '" onmouseover="marked(6)" data-marked="',
  "' autofocus onfocus=marked(7) data-marked='",
  '</title><script>marked(8)</script>',
  '</script><script>marked(9)</script>',
  '</textarea><img src=x data-marked onerror=marked(10)>',
  '<iframe data-marked srcdoc="<script>parent.marked(11)</script>"></iframe>',
  '<details data-marked open ontoggle=marked(12)>',
  '<math><mtext><img src=x data-marked onerror=marked(13)></mtext></math>',
  '<style data-marked>@import "javascript:marked(14)";</style>',
  '<a data-marked href="javascript:marked(15)">x</a>',
  '&lt;img src=x data-marked onerror=marked(16)&gt;',
  '&#60;img src=x data-marked onerror=marked(17)&#62;',
  '\u003cimg src=x data-marked onerror=marked(18)\u003e',
  '<<img src=x data-marked onerror=marked(19)>',
  '<img src=x data-marked onerror\u000b=marked(20)>',
  '<!--><img src=x data-marked onerror=marked(21)>-->',
  '{@html "<img src=x data-marked onerror=marked(22)>"}',
  '${marked(23)}',
  '{{constructor.constructor("marked(24)")()}}',
  '%3Cimg src=x data-marked onerror=marked(25)%3E',
  'javascript:marked(26)',
];

/** Where strangers' text is shown, with how it gets there. */
const PLACES = [
  'found title',
  'file name',
  'asked name',
  'page title',
  'address',
  'feed',
  'error',
  'title',
] as const;

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');

export async function attackByScript(scene: Scene, report: Report): Promise<void> {
  const reason = missing('chromium');
  if (reason !== null) {
    report.skipped.push(reason);
    report.atLeast = 0;
    return;
  }
  const browser = await launchBrowser();
  try {
    for (const bypassCSP of [true, false]) await attackOne(scene, browser, bypassCSP, report);
    await openFiles(scene, browser, report);
  } finally {
    await browser.close();
  }
}

async function attackOne(scene: Scene, browser: Browser, bypassCSP: boolean, report: Report): Promise<void> {
  const { server } = scene;
  serve(scene);
  const visit = await Visit.open(browser, server.url, { bypassCSP });
  const marked = await watchFor(visit.page.context());
  await visit.page.reload();
  await visit.ready();
  await fill(new Api(server.url, await visit.session()));
  const check = async (where: string): Promise<void> => {
    for (const page of visit.page.context().pages()) {
      const made = await page.locator('[data-marked]').count();
      if (made > 0) report.through.push(`${where}: ${made} elements of strangers`);
    }
    for (const call of marked.splice(0))
      report.through.push(`${where}, ${bypassCSP ? 'without' : 'with'} policy: ${call}`);
  };
  await visit.page.reload();
  await visit.ready();
  await visit.page.getByTestId('download').first().waitFor();
  await overAll(visit.page);
  await check('the list');
  for (const path of ['page', 'feed.xml', 'empty']) {
    await visit.field.fill(`http://${SITE}/j/script/${path}`);
    await visit.page.getByRole('button', { name: 'Look up', exact: true }).click();
    // Done, or an error: both show what strangers wrote.
    const card = visit.page.getByTestId('lookup').filter({ hasText: `/j/script/${path}` });
    await card.and(visit.page.locator(':not([data-phase=running])')).waitFor();
    await overAll(visit.page);
    await check(`the look-up of ${path}`);
  }
  for (const query of [
    `/?url=${encodeURIComponent(PAYLOADS.join('\n'))}`,
    `/link#grant=${PAYLOADS[1]}`,
    `/no/${encodeURIComponent(PAYLOADS[1]!)}`,
  ]) {
    const page = await visit.page.context().newPage();
    await page.goto(server.url + query);
    await page.locator('body').waitFor();
    await check(`the page ${query.slice(0, 8)}`);
    await page.close();
  }
  const inspector = await visit.page.context().newPage();
  await inspector.goto(`${server.url}/inspector`);
  await inspector
    .getByText('SessionActor')
    .first()
    .waitFor({ timeout: 20_000 })
    .catch(() => undefined);
  await overAll(inspector);
  await check('the inspector');
  report.tried += PAYLOADS.length * PLACES.length;
  if (bypassCSP) await control(inspector, marked, report);
  await visit.close();
}

/** That one which is taken for HTML would have been noticed. */
async function control(page: Page, marked: string[], report: Report): Promise<void> {
  await page.evaluate((html) => document.body.insertAdjacentHTML('beforeend', html), PAYLOADS[1]!);
  await waitFor(() => marked.length > 0, { what: 'the mark' }).catch(() =>
    report.through.push('a mark is not seen'),
  );
  if ((await page.locator('[data-marked]').count()) === 0) report.through.push('an element is not seen');
}

/** What a payload calls, wherever it runs. */
async function watchFor(context: BrowserContext): Promise<string[]> {
  const calls: string[] = [];
  await context.exposeBinding('marked', ({ page }, ...rest: unknown[]) => {
    calls.push(`marked(${String(rest[0])}) in ${page.url()}`);
  });
  context.on('dialog', (dialog) => void calls.push(`a dialog: ${dialog.message()}`));
  return calls;
}

function serve({ origin }: Scene): void {
  const here = `http://${SITE}/j/script/`;
  const all = (make: (payload: string, at: number) => string): string => PAYLOADS.map(make).join('\n');
  const html = (body: string, title = PAYLOADS.join(' ')) => ({
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: `<!doctype html><title>${escaped(title)}</title>${body}`,
  });
  origin.sites.set('script', (rest) => {
    if (rest === 'page')
      return html(all((payload, at) => `<video title="${escaped(payload)}" src="${here}${at}.mp4"></video>`));
    if (rest === 'empty') return html('<p>no media');
    if (rest === 'feed.xml')
      return {
        headers: { 'content-type': 'application/rss+xml' },
        body: `<rss version="2.0"><channel><title>c</title>${all((payload, at) => `<item><title>${escaped(payload)}</title><enclosure url="${here}${at}.mp3" type="audio/mpeg"/></item>`)}</channel></rss>`,
      };
    const at = Number(/\d+/.exec(rest)?.[0] ?? 0);
    const name = encodeURIComponent(PAYLOADS[at % PAYLOADS.length] ?? '');
    const type = rest.endsWith('.html') ? 'text/html' : rest.endsWith('.svg') ? 'image/svg+xml' : 'video/mp4';
    return {
      headers: { 'content-type': type, 'content-disposition': `attachment; filename*=UTF-8''${name}` },
      body:
        type === 'video/mp4'
          ? 'film'
          : `<svg xmlns="http://www.w3.org/2000/svg" onload="marked(90)"><script>marked(91)</script></svg>`,
    };
  });
}

/** A list with each payload in each place. */
async function fill(api: Api): Promise<void> {
  const here = `http://${SITE}/j/script/`;
  const ids: string[] = [];
  for (const [at, payload] of PAYLOADS.entries()) {
    ids.push(await api.add({ url: `${here}${at}.mp4`, engine: 'http' }));
    const asked = await api.call<{ id: string }>('POST', '/api/downloads', {
      ...{
        url: `${here}gone/${encodeURIComponent(payload)}`,
        filename: `x ${payload}`,
        title: payload,
        engine: 'http',
      },
    });
    if (asked.status === 202) ids.push(asked.body.id);
  }
  const failing = await api.call<{ id: string }>('POST', '/api/downloads', {
    ...{ url: `${here}empty?${encodeURIComponent(PAYLOADS[1]!)}`, engine: 'yt-dlp', title: PAYLOADS[2] },
  });
  if (failing.status === 202) ids.push(failing.body.id);
  await waitFor(
    async () => {
      const rows = await api.list('?limit=200');
      return rows.every(({ state }) => ['complete', 'error', 'waiting'].includes(state));
    },
    { what: 'the list to be done', deadlineMs: 120_000 },
  );
}

/** Moves over and focuses everything, and opens what can be opened. */
async function overAll(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const element of document.querySelectorAll<HTMLElement>('*')) {
      element.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
      element.focus({ preventScroll: true });
    }
    for (const each of document.querySelectorAll<HTMLElement>('main *')) each.scrollTop = each.scrollHeight;
  });
  // Two frames, in which images fail and handlers run.
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}

/** A finished file that is a page, opened under our own origin. */
async function openFiles({ server }: Scene, browser: Browser, report: Report): Promise<void> {
  const visit = await Visit.open(browser, server.url);
  const marked = await watchFor(visit.page.context());
  const api = new Api(server.url, await visit.session());
  for (const name of ['90.html', '91.svg']) {
    const id = await api.add({ url: `http://${SITE}/j/script/${name}`, filename: name, engine: 'http' });
    await api.waitFor(id, 'complete');
    const page = await visit.page.context().newPage();
    // It is saved instead of shown.
    await page.goto(`${server.url}/api/downloads/${id}/file`).catch(() => undefined);
    await page
      .setContent(`<iframe src="${server.url}/api/downloads/${id}/file"></iframe>`)
      .catch(() => undefined);
    report.attempt(marked.length > 0 ? `a file ran: ${marked.join()}` : null);
  }
  await visit.close();
}
