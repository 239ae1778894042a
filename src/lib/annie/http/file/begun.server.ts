/** What the work dir shows about a page that was sent where the rest of a file was requested. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineJob } from '../../engine.ts';
import { findBegunStream, VIDEO_FILE } from '../hls/begun-stream.server.ts';
import { explainAsPortal, PageInstead } from '../failure/portal.ts';
import { BODY_FILE, loadState } from './saved-state.server.ts';

/** Bytes of the file, or of the stream, are on the disk. */
async function isBegun(workDir: string, url: string): Promise<boolean> {
  const saved = await loadState(workDir, url);
  const hasBegunBytes = saved?.segments.some(([start, , written]) => written > start) === true;
  return hasBegunBytes || (await findBegunStream(workDir, url)) !== null;
}

/** A failure, or the portal's doing if the file has begun in the work dir: else nothing is known that it contradicts. */
async function meaningOf(
  thrown: unknown,
  { workDir, url }: Pick<EngineJob, 'workDir' | 'url'>,
): Promise<unknown> {
  const meaning = explainAsPortal(thrown, url);
  // Such a page is only reported if bytes of the file are on the disk.
  const isKnown = meaning === thrown || thrown instanceof PageInstead || (await isBegun(workDir, url));
  return isKnown ? meaning : thrown;
}

/** Runs `work`. Throws its failure as the work dir explains it; after an abort the reason. */
export async function explainingFailure<Result>(
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
