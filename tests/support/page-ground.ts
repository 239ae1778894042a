/** What a file of page tests stands on, from its first test to its last: a site, a server and a real browser. */
import type { Browser } from 'playwright-core';
import type { Test } from 'uvu';
import { type Site, startSite } from '../site/site.ts';
import { launchBrowser } from './browser.ts';
import { startServer, type TestServer } from './server.ts';
import { missing } from './tools.ts';

export interface PageGround {
  site: Site;
  server: TestServer;
  browser: Browser;
}

/** Why there can be no such tests here; null = there can. */
export const pageMissing = missing('chromium');

/** @returns filled before the first test, unless there is no browser */
export function pageGround(test: Pick<Test, 'before' | 'after'>): PageGround {
  const ground = {} as PageGround;
  test.before(async () => {
    if (pageMissing !== null) return;
    ground.site = await startSite();
    ground.server = await startServer({ env: { SLUICE_ENGINES: 'http' } });
    ground.browser = await launchBrowser();
  });
  test.after(async () => {
    if (pageMissing !== null) return;
    await ground.browser.close();
    await ground.server.stop();
    await ground.site.close();
  });
  return ground;
}
