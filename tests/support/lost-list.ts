/** A browser that loses its list, and the operator's command that brings it back. */
import * as assert from 'uvu/assert';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { sluice } from './cli.ts';
import type { PageFixture } from './page-fixture.ts';
import { Visit } from './page.ts';
import type { Place, TestServer } from './server.ts';

/** A browser with two finished downloads, `mine.bin` and `more.bin`. */
export async function visitWithList(
  fixture: PageFixture,
  options: BrowserContextOptions = {},
  url = fixture.server.url,
): Promise<Visit> {
  const visit = await Visit.open(fixture.browser, url, options);
  await addTo(visit, fixture, 'mine.bin', 'more.bin');
  return visit;
}

/** Works in every language of the page. */
export async function addTo(visit: Visit, { site }: PageFixture, ...names: string[]): Promise<void> {
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

export function commandFor(session: string): string {
  return `npx sluice operator --session=${session}`;
}

/** The command that the page shows. */
export async function commandOn(page: Page): Promise<string> {
  return (await page.getByTestId('reopen-line').textContent()) ?? '';
}

/** Runs the command. @returns the printed link */
export async function linkFrom(
  line: string,
  { place, url }: { place: Place; url: string } | TestServer,
): Promise<string> {
  const [npx, name, ...args] = line.split(' ');
  assert.equal([npx, name], ['npx', 'sluice']);
  const { stdout, stderr, code } = await sluice([...args, '--server', url], { place });
  assert.equal([code, stderr], [0, '']);
  return stdout.trim();
}
