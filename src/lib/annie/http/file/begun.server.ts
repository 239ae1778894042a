/** What a work dir tells of an answer that is a page, where the rest of a file was asked for. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineJob } from '../../engine.ts';
import { begunFilm, VIDEO_FILE } from '../hls/begun-film.server.ts';
import { asPortal, PageInstead } from '../failure/portal.ts';
import { BODY_FILE, loadState } from './saved-state.server.ts';

/** Bytes of the file, or of the stream, are on the disk. */
async function isBegun(workDir: string, url: string): Promise<boolean> {
  const saved = await loadState(workDir, url);
  const hasBytes = saved?.segments.some(([start, , written]) => written > start) === true;
  return hasBytes || (await begunFilm(workDir, url)) !== null;
}

/** A failure, or the portal's doing if the file has begun in the work dir: else nothing is known that it contradicts. */
async function meaningOf(
  thrown: unknown,
  { workDir, url }: Pick<EngineJob, 'workDir' | 'url'>,
): Promise<unknown> {
  const meaning = asPortal(thrown, url);
  // Such a page is only told of where the file has begun.
  const isKnown = meaning === thrown || thrown instanceof PageInstead || (await isBegun(workDir, url));
  return isKnown ? meaning : thrown;
}

/** Fails with what the work dir tells of a failure; after an abort with its reason. */
export async function withMeaning<Result>(
  job: Pick<EngineJob, 'workDir' | 'url' | 'signal'>,
  fetched: Promise<Result>,
): Promise<Result> {
  try {
    return await fetched;
  } catch (thrown) {
    job.signal.throwIfAborted();
    throw await meaningOf(thrown, job);
  }
}

/** Whether bytes of whatever was found at the job's address are on the disk. */
export async function hasBytes(workDir: string): Promise<boolean> {
  const sizes = [BODY_FILE, VIDEO_FILE].map((name) => stat(join(workDir, name)).then(({ size }) => size));
  return (await Promise.allSettled(sizes)).some((each) => each.status === 'fulfilled' && each.value > 0);
}

/** @throws PageInstead if the file has begun in the work dir */
export async function refuseLogin(workDir: string, url: string, answered: URL): Promise<void> {
  if (await isBegun(workDir, url)) throw new PageInstead(url, answered);
}
