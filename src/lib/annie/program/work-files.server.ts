/** The files of a program in a work dir: all whose names begin with `media.`. */
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { cutToSynced, type GrowingOptions } from '../../files/growing-files.server.ts';
import { SluiceError } from '../../protocol/error.ts';

/** Other names are ours. */
const MEDIA_PREFIX = 'media.';

export function growingFilesOf(workDir: string): GrowingOptions {
  return { workDir, isMedia };
}

/** After a power cut: nobody knows what a program can resume. @throws SluiceError `disk_*` */
export function dropUnsynced(workDir: string): Promise<void> {
  return cutToSynced(growingFilesOf(workDir), () => 'delete');
}

/**
 * The file that it named, with its extension, the dot included; empty when it has none.
 * @throws SluiceError `engine_output` for anything but a file of the folder with bytes in it
 */
export async function requireFile(
  engine: string,
  workDir: string,
  name: string,
): Promise<{ path: string; ext: string; bytes: number }> {
  const isOwn = isMedia(name) && !/[/\0]/.test(name);
  const path = join(workDir, name);
  const info = isOwn ? await lstat(path).catch(() => null) : null;
  if (!info?.isFile() || info.size === 0)
    throw new SluiceError('engine_output', `${engine} says that it is done, but there is no file.`);
  return { path, ext: /\.[a-z0-9]{1,8}$/i.exec(name)?.[0].toLowerCase() ?? '', bytes: info.size };
}

/** Removes all files, which cannot be resumed. */
export async function removeMedia(workDir: string): Promise<void> {
  for (const name of await readdir(workDir))
    if (isMedia(name)) await rm(join(workDir, name), { force: true, recursive: true });
}

function isMedia(name: string): boolean {
  return name.startsWith(MEDIA_PREFIX);
}
