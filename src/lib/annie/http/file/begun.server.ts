/** What a work dir tells of an answer that is a page, where the rest of a file was asked for. */
import { asPortal, PageInstead } from '../portal.ts';
import { loadState } from './saved-state.server.ts';

/** Bytes of the file are on the disk. */
async function isBegun(workDir: string, url: string): Promise<boolean> {
  const saved = await loadState(workDir, url);
  return saved?.segments.some(([start, , written]) => written > start) === true;
}

/** A failure, or the portal's doing if the file has begun in the work dir: else nothing is known that it contradicts. */
export async function meaningOf(
  thrown: unknown,
  { workDir, url }: { workDir: string; url: string },
): Promise<unknown> {
  const meaning = asPortal(thrown, url);
  // Such a page is only told of where the file has begun.
  const isKnown = meaning === thrown || thrown instanceof PageInstead || (await isBegun(workDir, url));
  return isKnown ? meaning : thrown;
}

/** @throws PageInstead if the file has begun in the work dir */
export async function refuseLogin(workDir: string, url: string, answered: URL): Promise<void> {
  if (await isBegun(workDir, url)) throw new PageInstead(url, answered);
}
