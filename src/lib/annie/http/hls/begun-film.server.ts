/** In a work dir: which address a stream was fetched from. Its bytes show that it is none of a page. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';

const FILE = 'hls.json';
/** The track with the pictures, or the only one. */
export const VIDEO_FILE = 'hls-video';
const Note = v.object({ version: v.literal(1), url: v.string() });

/** @param url of the manifest, before redirects. The address may be private. */
export async function noteFilm(workDir: string, url: string): Promise<void> {
  const note: v.InferOutput<typeof Note> = { version: 1, url };
  // Without it only a portal is not told from a login.
  await writeFile(join(workDir, FILE), JSON.stringify(note), { mode: 0o600 }).catch(() => undefined);
}

/** Whether bytes of the stream at this address are on the disk. */
export async function hasFilm(workDir: string, url: string): Promise<boolean> {
  try {
    const note = v.parse(Note, JSON.parse(await readFile(join(workDir, FILE), 'utf8')));
    return note.url === url && (await stat(join(workDir, VIDEO_FILE))).size > 0;
  } catch {
    return false;
  }
}
