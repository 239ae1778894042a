/** The inspector's page, in a tab beside the downloads of the same browser. */
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { STEP_MS, Visit } from './page.ts';

export class InspectorVisit {
  readonly downloads: Visit;
  readonly page: Page;

  private constructor(downloads: Visit, page: Page) {
    this.downloads = downloads;
    this.page = page;
  }

  static async open(
    browser: Browser,
    url: string,
    options: BrowserContextOptions = {},
  ): Promise<InspectorVisit> {
    const downloads = await Visit.open(browser, url, { viewport: { width: 1440, height: 1000 }, ...options });
    const page = await downloads.page.context().newPage();
    downloads.watch(page);
    page.setDefaultTimeout(STEP_MS);
    await page.goto(`${url}/inspector`);
    const visit = new InspectorVisit(downloads, page);
    await page.getByTestId('inspector-connection').and(page.locator('[data-state="live"]')).waitFor();
    return visit;
  }

  actor(title: string): Locator {
    return this.page.getByTestId('actor').filter({ hasText: title });
  }

  async select(title: string): Promise<void> {
    await this.actor(title).click();
    await this.page.getByTestId('actor-name').filter({ hasText: title }).waitFor();
  }

  /** Waits until the chart shows this state, or one inside it. */
  async waitForValue(value: string): Promise<void> {
    await this.page.locator(`[data-testid="chart"][data-value^="${value}"]`).waitFor();
  }

  /** Paths of the highlighted states. */
  lit(): Promise<string[]> {
    return this.page
      .locator('[data-state-path][data-active="true"]')
      .evaluateAll((cards) => cards.map((card) => card.getAttribute('data-state-path') ?? ''));
  }

  /** The shown moment: the position of the slider. */
  async position(): Promise<number> {
    return Number(await this.page.getByTestId('time').inputValue());
  }

  shot(name: string): Promise<void> {
    return this.downloads.shot(name, this.page);
  }

  close(): Promise<void> {
    return this.downloads.close();
  }
}
