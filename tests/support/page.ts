/** The page as a person meets it: found by roles and names, watched for errors that nobody would see. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import type { DownloadState } from '#lib/protocol/download.ts';

/** A hang deadline for one step in the page; whole downloads pass their own. */
export const STEP_MS = 30_000;
export const DOWNLOAD_MS = 180_000;

export class Visit {
  readonly page: Page;
  /** Errors of scripts, of the console and of content security: none is ever expected. */
  readonly errors: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    this.watch(page);
  }

  /** Another page of the same browser, whose errors count too. */
  watch(page: Page): void {
    page.on('pageerror', (error) => this.errors.push(String(error)));
    page.on('console', (message) => {
      // A socket that a test cuts is logged by the browser itself.
      if (message.type() === 'error' && !/WebSocket|net::ERR_/.test(message.text()))
        this.errors.push(message.text());
    });
  }

  /** A browser of its own: cookies and storage are shared with nobody. */
  static async open(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<Visit> {
    const context = await browser.newContext({ locale: 'en-GB', ...options });
    const visit = Visit.on(await context.newPage());
    await visit.page.goto(url);
    await visit.ready();
    return visit;
  }

  /** A page that somebody else opened, or that another page led to. */
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

  /** The socket is open and the list is what the server says. */
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

  /** What the bar says, as often as it changes, until the row is done. */
  async watchBar(title: string): Promise<number[]> {
    const values: number[] = [];
    const bar = await this.bar(title).elementHandle();
    for (;;) {
      const value = await bar?.evaluate((element) => element.getAttribute('aria-valuenow')).catch(() => null);
      if (value != null && Number(value) !== values.at(-1)) values.push(Number(value));
      if ((await this.row(title).getAttribute('data-state')) === 'complete') return values;
    }
  }

  /** A picture for people to look at, when `SLUICE_SHOTS` names a folder. */
  async shot(name: string, page = this.page): Promise<void> {
    const dir = process.env['SLUICE_SHOTS'];
    if (!dir) return;
    mkdirSync(dir, { recursive: true });
    await page.evaluate(async () => {
      const ending = document
        .getAnimations()
        .filter((animation) => animation.effect?.getTiming().iterations !== Infinity);
      await Promise.allSettled(ending.map((animation) => animation.finished));
    });
    await page.screenshot({ path: join(dir, `${name}.png`), fullPage: true });
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
