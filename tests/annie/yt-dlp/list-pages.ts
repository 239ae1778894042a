import { Registry } from '#lib/annie/registry.ts';
import type { Engine } from '#lib/annie/engine.ts';
import type { ParseResult } from '#lib/protocol/media.ts';
import { settles } from '../../support/wait.ts';
import { deadline, never } from './fixture.ts';

const registryOf = (engine: Engine): Registry =>
  new Registry({ engines: [engine], allowed: ['yt-dlp'], classify: () => Promise.resolve({ kind: 'page' }) });

/** All pages of a list. */
export async function pagesOf(engine: Engine, url: string): Promise<ParseResult[]> {
  const pages: ParseResult[] = [];
  let cursor: string | null = null;
  do {
    const request = { url, engine: 'yt-dlp' as const, cursor, signal: never };
    const page: ParseResult = await settles(registryOf(engine).parse(request), deadline);
    pages.push(page);
    cursor = page.next ?? null;
  } while (cursor !== null);
  return pages;
}
