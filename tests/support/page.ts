/** The page in a browser: elements are found by role and name, and script errors are recorded. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import type { DownloadState } from '#lib/protocol/download.ts';
import { endOfAnimations } from './browser.ts';
import { waitFor } from './wait.ts';

/** The hang deadline of one step in the page; whole downloads have their own. */
export const STEP_MS = 30_000;
export const DOWNLOAD_MS = 180_000;

export class Visit {
  readonly page: Page;
  /** Errors of scripts, of the console and of content security: none are expected. */
  readonly errors: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    this.watch(page);
  }

  /** Another page of the same browser, whose errors count too. */
  watch(page: Page): void {
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      // The browser logs sockets that a test closes.
      if (message.type() === 'error' && !/WebSocket|net::ERR_/.test(message.text()))
        this.errors.push(message.text());
    });
  }

  /** A separate browser context, with its own cookies and storage. */
  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await browser.newContext({ locale: 'en-GB', ...options });
    const visit = Visit.on(await context.newPage());
    await visit.page.goto(url);
    await visit.ready();
    return visit;
  }

  /** For a page that was opened by the test or by another page. */
  static on(page: Page): Visit {
    page.setDefaultTimeout(STEP_MS);
    return new Visit(page);
  }

  /** Another tab of the same browser. */
  async tab(url: string): Promise<Visit> {
    const visit = Visit.on(await this.page.context().newPage());
    await visit.page.goto(url);
    await visit.ready();
    return visit;
  }

  /** Waits until the socket is open and the list is loaded. */
  async ready(): Promise<void> {
    await this.page.getByTestId('connection').and(this.page.locator('[data-state="live"]')).waitFor();
  }

  get field(): Locator {
    return this.page.getByRole('textbox', { name: 'Addresses to download' });
  }

  async lookUp(url: string): Promise<Locator> {
    await this.field.fill(url);
    await this.page.getByRole('button', { name: 'Look up', exact: true }).click();
    const card = this.page.getByTestId('lookup').first();
    await card.and(this.page.locator('[data-phase="done"]')).waitFor();
    return card;
  }

  async downloadNow(...urls: string[]): Promise<void> {
    await this.field.fill(urls.join('\n'));
    await this.page.getByRole('button', { name: 'Download now' }).click();
  }

  row(title: string): Locator {
    return this.page.getByTestId('download').filter({ hasText: title });
  }

  /** The session cookie's value; there has to be exactly one. */
  async session(): Promise<string> {
    const found = (await this.page.context().cookies()).filter(({ name }) => name === 'sluice_session');
    if (found.length !== 1) throw new Error(`${found.length} session cookies`);
    return found[0]?.value ?? '';
  }

  /** The notice that the browser had another list. */
  get lost(): Locator {
    return this.page.getByTestId('lost');
  }

  bar(title: string): Locator {
    return this.page.getByRole('progressbar', { name: `Progress of ${title}` });
  }

  async waitForState(title: string, state: DownloadState): Promise<void> {
    const row = this.row(title).and(this.page.locator(`[data-state="${state}"]`));
    await row.waitFor({ timeout: DOWNLOAD_MS });
  }

  async press(action: string, title: string): Promise<void> {
    await this.page.getByRole('button', { name: `${action}: ${title}` }).click();
  }

  /** What the bar says now; it has to be there. */
  async percent(title: string): Promise<number> {
    return Number(await this.bar(title).getAttribute('aria-valuenow'));
  }

  /** The values of the bar, one for each change, until the row is complete. @param values gets them as they come */
  async watchBar(title: string, values: number[] = []): Promise<number[]> {
    const isComplete = async (): Promise<boolean> => {
      // Looked for each time: after a reload the row may be made again.
      const value = await this.bar(title)
        .evaluateAll(([element]) => element?.getAttribute('aria-valuenow') ?? null)
        .catch(() => null);
      if (value !== null && Number(value) !== values.at(-1)) values.push(Number(value));
      return (await this.row(title).getAttribute('data-state')) === 'complete';
    };
    await waitFor(isComplete, { what: `${title} to be complete`, deadlineMs: DOWNLOAD_MS });
    return values;
  }

  /** Writes a screenshot if `SLUICE_SHOTS` names a folder. */
  async shot(name: string, page = this.page): Promise<void> {
    const dir = process.env['SLUICE_SHOTS'];
    if (!dir) return;
    mkdirSync(dir, { recursive: true });
    await endOfAnimations(page);
    await page.screenshot({ path: join(dir, `${name}.png`), fullPage: true });
  }

  /** Removes all that is on the list: what still runs costs the next tests their time. */
  async removeAll(): Promise<void> {
    const { request } = this.page.context();
    const { origin } = new URL(this.page.url());
    const { downloads } = (await (await request.get(`${origin}/api/downloads`)).json()) as {
      downloads: { id: string }[];
    };
    for (const { id } of downloads)
      await request.delete(`${origin}/api/downloads/${id}`, { headers: { origin } });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
