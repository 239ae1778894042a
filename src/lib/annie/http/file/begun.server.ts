/** What a work dir tells of an answer that is a page, where the rest of a file was asked for. */
import { PageInstead } from '../portal.ts';
import { loadState } from './saved-state.server.ts';

/** Bytes of the file are on the disk. */
export async function isBegun(workDir: string, url: string): Promise<boolean> {
  const saved = await loadState(workDir, url);
  return saved?.segments.some(([start, , written]) => written > start) === true;
}

/** @throws PageInstead if the file has begun in the work dir */
export async function refuseLogin(workDir: string, url: string, answered: URL): Promise<void> {
  if (await isBegun(workDir, url)) throw new PageInstead(url, answered);
}
