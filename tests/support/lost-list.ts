/** A browser that loses its list, and what the operator types to bring it back. */
import * as assert from 'uvu/assert';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { sluice } from './cli.ts';
import type { PageGround } from './page-ground.ts';
import { Visit } from './page.ts';
import type { Place, TestServer } from './server.ts';

/** A browser with two finished downloads, `mine.bin` and `more.bin`. */
export async function visitWithList(
  ground: PageGround,
  options: BrowserContextOptions = {},
  url = ground.server.url,
): Promise<Visit> {
  const visit = await Visit.open(ground.browser, url, options);
  await addTo(visit, ground, 'mine.bin', 'more.bin');
  return visit;
}

/** In whatever language the page is. */
export async function addTo(visit: Visit, { site }: PageGround, ...names: string[]): Promise<void> {
  const lines = names.map((name) => `${site.url}/file/${name}`).join('\n');
  await visit.page.getByRole('textbox').first().fill(lines);
  await visit.page.keyboard.press('Control+Enter');
  for (const name of names) await visit.waitForState(name, 'complete');
}

export async function sessionIdOf(visit: Visit): Promise<string> {
  return (await visit.session()).slice(0, 16);
}

export async function loseCookie(visit: Visit): Promise<void> {
  await visit.page.context().clearCookies();
  await visit.page.goto(visit.page.url());
  await visit.ready();
}

export function lineFor(session: string): string {
  return `npx sluice operator --session=${session}`;
}

/** What the page says to type. */
export async function lineOn(page: Page): Promise<string> {
  return (await page.getByTestId('reopen-line').textContent()) ?? '';
}

/** Types it. @returns the link that is printed */
export async function linkBy(
  line: string,
  { place, url }: { place: Place; url: string } | TestServer,
): Promise<string> {
  const [npx, name, ...args] = line.split(' ');
  assert.equal([npx, name], ['npx', 'sluice']);
  const { stdout, stderr, code } = await sluice([...args, '--server', url], { place });
  assert.equal([code, stderr], [0, '']);
  return stdout.trim();
}
