/** The files of lux and annie in a work dir. */
import { readdir, rm, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { SluiceError } from '../../protocol/error.ts';
import { cutToSynced, type GrowingOptions } from '../../files/growing-files.server.ts';
import { OUTPUT_NAME } from './arguments.ts';

const UNFINISHED = '.download';

/**
 * The one complete file; `ext` with its dot, empty when it has none.
 * @throws SluiceError `engine_output` when there is none, or several
 */
export async function findMedia(workDir: string): Promise<{ path: string; ext: string; bytes: number }> {
  const names = (await readdir(workDir)).filter((name) => isDownloaded(name) && !name.endsWith(UNFINISHED));
  const [name] = names;
  if (name === undefined || names.length > 1) {
    const what = name === undefined ? 'there is no file' : `there are ${names.length} files`;
    throw new SluiceError('engine_output', `The engine says that it is done, but ${what}.`);
  }
  const path = join(workDir, name);
  return { path, ext: extname(name), bytes: (await stat(path)).size };
}

/** After a power cut: whole parts are kept if they were synced, and one under way as far as it was. @throws SluiceError `disk_*` */
export async function dropUnsynced(workDir: string): Promise<void> {
  await cutToSynced(growingFilesOf(workDir), ({ name, notedName, syncedBytes }) => {
    // lux resumes such a file from its length; a whole one, or what ffmpeg wrote, it does not.
    const isResumed = notedName?.endsWith(UNFINISHED) === true && syncedBytes > 0;
    return isResumed && name === notedName ? { truncateAs: name } : 'delete';
  });
}

export function growingFilesOf(workDir: string): GrowingOptions {
  return { workDir, isMedia: isDownloaded };
}

/** Removes all downloaded files, which cannot be resumed. */
export async function removeMedia(workDir: string): Promise<void> {
  for (const name of await readdir(workDir))
    if (isDownloaded(name)) await rm(join(workDir, name), { force: true });
}

/** `media.mp4` and parts like `media[0].mp4`, each possibly followed by `.download`. */
function isDownloaded(name: string): boolean {
  return name === OUTPUT_NAME || name.startsWith(`${OUTPUT_NAME}.`) || name.startsWith(`${OUTPUT_NAME}[`);
}
