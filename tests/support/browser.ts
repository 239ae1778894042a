/** Real Chromium, driven over its own protocol; nothing is downloaded, the machine's browser is used. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { toolPath } from './tools.ts';

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** @param more arguments, beside those of every test */
export function launchBrowser(more: string[] = []): Promise<Browser> {
  const executablePath = toolPath('chromium');
  if (executablePath === null) throw new Error('there is no chromium: the test should have been skipped');
  return chromium.launch({ executablePath, args: [...ARGS, ...more], headless: true });
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds wrong with the page as it is now, one line a finding. */
export async function axeFindings(page: Page): Promise<string[]> {
  // evaluate is not bound by the page's content security policy; a script tag would be.
  await page.evaluate(axeSource);
  return page.evaluate(async () => {
    interface Finding {
      id: string;
      help: string;
      nodes: { html: string }[];
    }
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Finding[] }> } };
    const { violations } = await axe.run();
    return violations.map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`,
    );
  });
}
