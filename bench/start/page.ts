/** The first load of the page in a real browser, with a running download: paint, scripts, the first live update. */
import { gzipSync } from 'node:zlib';
import type { Browser } from 'playwright-core';
import { launchBrowser } from '../../tests/support/browser.ts';
import { startServer } from '../../tests/support/server.ts';
import { which } from '../../tests/support/tools.ts';
import { settles } from '../../tests/support/wait.ts';
import type { Origin } from '../origin/start.ts';

export interface PageLoad {
  /** ms from the start of the navigation. */
  firstContentfulPaintMs: number;
  snapshotMs: number;
  firstUpdateMs: number;
  scripts: number;
  /** Size of all scripts loaded until the first update, each gzipped by itself. */
  scriptGzipBytes: number;
}

export async function measurePage(origin: Origin, rounds: number): Promise<PageLoad[]> {
  const server = await startServer();
  // The whole browser, as a person has it, where it is installed.
  const browser = await launchBrowser([], which('chromium') ?? undefined);
  const url = origin.url({ name: 'slow', bytes: 200_000_000, rate: 1_000_000 });
  try {
    const first = await browser.newContext();
    const page = await first.newPage();
    await page.goto(server.url);
    await page.locator('[data-testid="connection"][data-state="live"]').waitFor();
    const added = await first.request.post(`${server.url}/api/downloads`, { data: { url } });
    if (!added.ok()) throw new Error(`the download was not taken: ${added.status()}`);
    // The page's storage too: a page asks whose list it is that a cookie alone names.
    const visitor = await first.storageState();
    await first.close();
    const loads: PageLoad[] = [];
    for (let round = 0; round < rounds; round++) loads.push(await loadOnce(browser, server.url, visitor));
    return loads;
  } finally {
    await browser.close();
    await server.stop();
  }
}

/** In a browser context of its own, so that nothing is cached. */
async function loadOnce(browser: Browser, url: string, visitor: Visitor): Promise<PageLoad> {
  const context = await browser.newContext({ storageState: visitor });
  const page = await context.newPage();
  const scripts: Promise<number>[] = [];
  page.on('response', (response) => {
    if (!/javascript/.test(response.headers()['content-type'] ?? '')) return;
    scripts.push(response.body().then((body) => gzipSync(body).length));
  });
  const heard = new Promise<{ snapshotAt: number; updateAt: number }>((resolve) => {
    let snapshotAt = NaN;
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => {
        const { type } = JSON.parse(String(payload)) as { type: string };
        if (type === 'snapshot') snapshotAt = Date.now();
        if (type === 'update') resolve({ snapshotAt, updateAt: Date.now() });
      }),
    );
  });
  await page.goto(url);
  const { snapshotAt, updateAt } = await settles(heard, { what: 'the first live update' });
  const { startAt, paintMs } = await page.evaluate(async () => {
    const paint = await new Promise<PerformanceEntry>((resolve) => {
      new PerformanceObserver((list) => {
        const entry = list.getEntriesByName('first-contentful-paint')[0];
        if (entry) resolve(entry);
      }).observe({ type: 'paint', buffered: true });
    });
    return { startAt: performance.timeOrigin, paintMs: paint.startTime };
  });
  const sizes = await Promise.all(scripts);
  await context.close();
  return {
    firstContentfulPaintMs: paintMs,
    snapshotMs: snapshotAt - startAt,
    firstUpdateMs: updateAt - startAt,
    scripts: sizes.length,
    scriptGzipBytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
  };
}

type Visitor = Awaited<ReturnType<Awaited<ReturnType<Browser['newContext']>>['storageState']>>;
