/** In a work dir: which address a stream was fetched from, and in which quality. Its bytes show that it is none of a page. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';

const FILE = 'hls.json';
/** The track with the pictures, or the only one. */
export const VIDEO_FILE = 'hls-video';
const Note = v.object({
  version: v.literal(1),
  url: v.string(),
  variant: v.optional(v.nullable(v.string()), null),
});

/**
 * @param url of the manifest, before redirects. The address may be private.
 * @param variant its id; null = there is one only
 */
export async function recordBegunStream(workDir: string, url: string, variant: string | null): Promise<void> {
  const note: v.InferOutput<typeof Note> = { version: 1, url, variant };
  // Without it only a portal cannot be distinguished from a login.
  await writeFile(join(workDir, FILE), JSON.stringify(note), { mode: 0o600 }).catch(() => undefined);
}

/** Of which bytes are on the disk; null = none are of the stream at this address. */
export async function findBegunStream(
  workDir: string,
  url: string,
): Promise<{ variant: string | null } | null> {
  try {
    const { url: noted, variant } = v.parse(Note, JSON.parse(await readFile(join(workDir, FILE), 'utf8')));
    return noted === url && (await stat(join(workDir, VIDEO_FILE))).size > 0 ? { variant } : null;
  } catch {
    return null;
  }
}
