/** What real Chromium saves from addresses: the names and bytes of its downloads, to compare ours with. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launchBrowser } from '../support/browser.ts';
import { waitFor } from '../support/wait.ts';

/** How many rows are compared; the README says the sum. */
export const COMPARED_ROWS = { names: 84, framing: 77 };

export interface SavedByChromium {
  /** Before a number is added to it, for a name that is taken. */
  name: string;
  /** Null = the download failed. */
  body: Buffer | null;
}

interface Download extends SavedByChromium {
  url: string;
  guid: string;
  isOver: boolean;
}

export interface Chromium {
  /** What is saved when a person opens the addresses, all at a time. @throws if one is not saved */
  save(urls: readonly string[]): Promise<Map<string, SavedByChromium>>;
  close(): Promise<void>;
}

/** @param blank address of a page on the origin of the files */
export async function openChromium(blank: string): Promise<Chromium> {
  const browser = await launchBrowser();
  const downloadPath = mkdtempSync(join(tmpdir(), 'sluice-chromium-'));
  const context = await browser.newContext();
  const page = await context.newPage();
  const { targetInfo } = await (await context.newCDPSession(page)).send('Target.getTargetInfo');
  const session = await browser.newBrowserCDPSession();
  const downloads: Download[] = [];
  session.on('Browser.downloadWillBegin', ({ url, guid, suggestedFilename: name }) => {
    downloads.push({ url, guid, name, isOver: false, body: null });
  });
  session.on('Browser.downloadProgress', ({ guid, state, ...event }) => {
    const download = downloads.find((each) => each.guid === guid);
    if (state === 'inProgress' || !download) return;
    const { filePath } = event as { filePath?: string };
    if (state === 'completed' && filePath !== undefined) download.body = readFileSync(filePath);
    download.isOver = true;
  });
  // As for a person: `allowAndName`, which Playwright sets, gives files other names.
  const { browserContextId = '' } = targetInfo;
  await session.send('Browser.setDownloadBehavior', {
    ...{ behavior: 'allow', browserContextId, downloadPath, eventsEnabled: true },
  });
  return {
    async save(urls) {
      await page.goto(blank);
      await page.evaluate((all) => {
        for (const url of all) {
          const frame = document.createElement('iframe');
          frame.src = url;
          document.body.append(frame);
        }
      }, urls);
      const unsaved = (): string[] =>
        urls.filter((url) => !downloads.some((each) => each.url === url && each.isOver));
      await waitFor(() => unsaved().length === 0, { what: 'Chromium' }).catch(() => {
        throw new Error(`Chromium does not save ${unsaved().join(', ')}`);
      });
      return new Map(downloads.map(({ url, name, body }) => [url, { name, body }]));
    },
    async close() {
      await context.close();
      await browser.close();
      rmSync(downloadPath, { recursive: true, force: true });
    },
  };
}
