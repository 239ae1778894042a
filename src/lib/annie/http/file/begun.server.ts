/** What a page means that came where the rest of a file was requested: decided by the bytes in the work dir. */
import { asPortal, PageInstead } from '../portal.ts';
import { hasResumableBytes } from './saved-state.server.ts';

/** `thrown`, or the portal that caused it, if bytes of the file are in the work dir: otherwise nothing contradicts a page. */
export async function meaningOf(
  thrown: unknown,
  { workDir, url }: { workDir: string; url: string },
): Promise<unknown> {
  const meaning = asPortal(thrown, url);
  // `PageInstead` is thrown only where bytes of the file are there.
  const isKnown =
    meaning === thrown || thrown instanceof PageInstead || (await hasResumableBytes(workDir, url));
  return isKnown ? meaning : thrown;
}

/** @throws PageInstead if bytes of the file are in the work dir */
export async function refuseLogin(workDir: string, url: string, answered: URL): Promise<void> {
  if (await hasResumableBytes(workDir, url)) throw new PageInstead(url, answered);
}
