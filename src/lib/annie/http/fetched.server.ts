/** What a fetched file is, and is called. */
import { open } from 'node:fs/promises';
import type { FetchedFile } from '../../files/fetched-file.ts';
import { MAX_PLAYLIST_BYTES } from '../../foreign/limits.ts';
import { titledName } from '../../protocol/title.ts';
import type { EngineJob } from '../engine.ts';
import { beginsAsHls, SNIFF_BYTES } from './content/classify.ts';
import { extensionOf } from './head/names.ts';

/** The file under the title that was listed; null = under its own name. */
export function withTitle(file: FetchedFile, title: string | null, job: EngineJob): FetchedFile {
  if (title === null) return file;
  job.onInfo({ title });
  return { ...file, suggestedName: titledName(title, extensionOf(file.suggestedName)) };
}

/** Whether a fetched file is an HLS manifest that its server gave another type. */
export async function isManifest({ path, bytes }: FetchedFile): Promise<boolean> {
  if (bytes > MAX_PLAYLIST_BYTES) return false;
  const handle = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
    return beginsAsHls(buffer.subarray(0, bytesRead));
  } finally {
    await handle.close();
  }
}
