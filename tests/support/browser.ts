/** Real Chromium: the one installed on the machine. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { type Browser, chromium, type Page } from 'playwright-core';
import { toolPath } from './tools.ts';

/**
 * Chromium loads these two pages of its own for each window, in a process of its own: 0.6 of the 0.9 s of CPU of a test that
 * opens a window, and nothing of what it tests.
 */
const ADDRESS_BAR = ['WebUIOmniboxPopup', 'WebUIOmniboxAimPopup'];
/** What Playwright turns off (`chromiumSwitches.ts` of playwright-core): Chromium reads only the last such list, which is ours. */
const OFF_IN_PLAYWRIGHT = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'TcpPortRandomizationWin',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
];

const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--disable-features=${[...OFF_IN_PLAYWRIGHT, ...ADDRESS_BAR].join(',')}`,
];

/** @param more additional arguments */
export function launchBrowser(more: string[] = [], executablePath = toolPath('chromium')): Promise<Browser> {
  if (executablePath === null) throw new Error('there is no chromium: the test should have been skipped');
  return chromium.launch({ executablePath, args: [...ARGS, ...more], headless: true });
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Colours and places in the middle of a transition are not those of the page. */
export async function endOfAnimations(page: Page): Promise<void> {
  await page.evaluate(async () => {
    const ending = document
      .getAnimations()
      .filter((animation) => animation.effect?.getTiming().iterations !== Infinity);
    await Promise.allSettled(ending.map((animation) => animation.finished));
  });
}

/** The findings of axe for the current page, one line each. */
export async function axeFindings(page: Page): Promise<string[]> {
  // The page's content security policy forbids a script tag, but not `evaluate`. It is there until the page is left.
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource);
  await endOfAnimations(page);
  return page.evaluate(async () => {
    interface Finding {
      id: string;
      help: string;
      nodes: { html: string }[];
    }
    interface Axe {
      run(options: { resultTypes: string[] }): Promise<{ violations: Finding[] }>;
    }
    const { axe } = globalThis as unknown as { axe: Axe };
    // All rules are run, but what passes is not described node by node: that took half of the time.
    const { violations } = await axe.run({ resultTypes: ['violations'] });
    return violations.map(
      ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`,
    );
  });
}
