/** What of yt-dlp's files is good after a power cut: only what was synced, and only what yt-dlp resumes by its length. */
import { cutToSynced, type CutFile, type GrowingOptions } from '../../files/growing-files.server.ts';
import { MEDIA_PREFIX } from './arguments.ts';
import type { PartSizes } from './part-sizes.server.ts';

const PART = '.part';

export function growingFilesOf(workDir: string): GrowingOptions {
  return { workDir, isMedia: (name) => name.startsWith(MEDIA_PREFIX) };
}

/** @throws SluiceError `disk_*` */
export async function dropUnsynced(workDir: string, sizes: PartSizes): Promise<void> {
  await cutToSynced(growingFilesOf(workDir), (file) => {
    const name = resumableName(file, sizes);
    if (name === null) return 'delete';
    sizes.cut(name, file.syncedBytes);
    return { truncateAs: name + PART };
  });
}

/**
 * The file, without `.part`, that yt-dlp goes on with from its length; null = it has to begin again. Of a stream of
 * fragments it counts them in another file, and what ffmpeg wrote are no bytes of the server's.
 */
function resumableName({ notedName, syncedBytes }: CutFile, sizes: PartSizes): string | null {
  if (notedName === null || !notedName.endsWith(PART) || syncedBytes === 0) return null;
  const name = notedName.slice(0, -PART.length);
  return sizes.isAnnounced(name) ? name : null;
}
