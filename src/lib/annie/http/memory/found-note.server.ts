/** In a work dir: the page on which a look-up found the address, so that a restart does not forget it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { parseJsonAs } from '../../../files/parse-json.ts';
import { REFERRER_POLICIES } from '../../../protocol/referrer-policy.ts';
import type { FoundOn } from '../../../protocol/runner.ts';
import type { EngineJob } from '../../engine.ts';

const FILE = 'found.json';
const Note = v.object({
  version: v.literal(1),
  url: v.string(),
  page: v.string(),
  title: v.nullable(v.string()),
  setsCookies: v.boolean(),
  referrerPolicy: v.exactOptional(v.picklist(REFERRER_POLICIES)),
});

/** As it was added, else from an earlier attempt, or from a look-up of the session since it was added. */
export async function foundOnOf(
  { url, workDir, foundOn }: Pick<EngineJob, 'url' | 'workDir' | 'foundOn'>,
  lookedUp: () => FoundOn | null,
): Promise<FoundOn | null> {
  if (foundOn !== undefined) return foundOn;
  const noted = await readFoundNote(workDir, url);
  if (noted !== null) return noted;
  const found = lookedUp();
  if (found !== null) await writeFoundNote(workDir, url, found);
  return found;
}

/** Null = there is none for this address. */
async function readFoundNote(workDir: string, url: string): Promise<FoundOn | null> {
  const note = parseJsonAs(Note, await readFile(join(workDir, FILE), 'utf8').catch(() => ''));
  return note?.url === url ? note : null;
}

/** The address of a page may be private. Without the note a restart only loses title and Referer. */
async function writeFoundNote(workDir: string, url: string, found: FoundOn): Promise<void> {
  const note: v.InferOutput<typeof Note> = { ...found, version: 1, url };
  await writeFile(join(workDir, FILE), JSON.stringify(note), { mode: 0o600 }).catch(() => {});
}
