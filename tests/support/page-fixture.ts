/** The fixture of page tests, shared by all tests of a file: a site, a server and a real browser. */
import type { Browser } from 'playwright-core';
import type { Test } from 'uvu';
import { type Site, startSite } from '../site/site.ts';
import { launchBrowser } from './browser.ts';
import { startServer, type TestServer } from './server.ts';
import { missing } from './tools.ts';

export interface PageFixture {
  site: Site;
  server: TestServer;
  browser: Browser;
}

/** Why page tests cannot run here; null = they can. */
export const pageMissing = missing('chromium');

/** @returns a fixture that is filled before the first test, unless there is no browser */
export function pageFixture(test: Pick<Test, 'before' | 'after'>): PageFixture {
  const fixture = {} as PageFixture;
  test.before(async () => {
    if (pageMissing !== null) return;
    fixture.site = await startSite();
    fixture.server = await startServer({ env: { SLUICE_ENGINES: 'http' } });
    fixture.browser = await launchBrowser();
  });
  test.after(async () => {
    if (pageMissing !== null) return;
    await fixture.browser.close();
    await fixture.server.stop();
    await fixture.site.close();
  });
  return fixture;
}
