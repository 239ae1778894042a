/** In a work dir: the page on which a look-up found the address, so that a restart does not forget it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { FoundOn } from '../../protocol/runner.ts';

const FILE = 'found.json';
const Note = v.object({
  version: v.literal(1),
  url: v.string(),
  page: v.string(),
  title: v.nullable(v.string()),
  setsCookies: v.boolean(),
});

/** Null = there is none for this address. */
export async function readFoundNote(workDir: string, url: string): Promise<FoundOn | null> {
  const text = await readFile(join(workDir, FILE), 'utf8').catch(() => 'null');
  try {
    const { output, success } = v.safeParse(Note, JSON.parse(text));
    return success && output.url === url ? output : null;
  } catch {
    return null;
  }
}

/** The address of a page may be private. Without the note a restart only loses title and Referer. */
export async function writeFoundNote(workDir: string, url: string, found: FoundOn): Promise<void> {
  const { page, title, setsCookies } = found;
  const note: v.InferOutput<typeof Note> = { version: 1, url, page, title, setsCookies };
  await writeFile(join(workDir, FILE), JSON.stringify(note), { mode: 0o600 }).catch(() => {});
}
