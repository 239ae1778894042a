/**
 * `roots.json` in the data dir: which download folder this store uses, and how to recognise it. Small, written when the
 * folder is adopted, at each start and when its disk was away.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import { replaceFileSync } from '../replace-file.server.ts';

const digits = v.pipe(v.string(), v.regex(/^\d{1,30}$/));

const rootSchema = v.object({
  /** Absolute, as configured. */
  path: v.string(),
  /** The id in its mark; null = the folder could not be written yet. */
  root: v.nullable(v.string()),
  device: digits,
  inode: digits,
  /** When the folder was created, ns since 1970; 0 = the file system does not report it. */
  bornNs: digits,
  /** When it was last found in order, ms since 1970. */
  seenAt: v.number(),
  /** The mount that held it, as `mountOf` describes it; null = not known. */
  mount: v.nullable(v.string()),
  /** Raised whenever bytes in the page cache of its disk may have been lost. */
  epoch: v.pipe(v.number(), v.integer(), v.minValue(0)),
});
const fileSchema = v.object({ version: v.literal(1), roots: v.array(rootSchema) });

export type KnownRoot = v.InferOutput<typeof rootSchema>;

export class KnownRootFile {
  readonly #path: string;

  constructor(dataDir: string) {
    this.#path = join(dataDir, 'roots.json');
  }

  /** null = none is known: a new store, one of an earlier version, or a damaged file. */
  read(): KnownRoot | null {
    try {
      return v.parse(fileSchema, JSON.parse(readFileSync(this.#path, 'utf8'))).roots[0] ?? null;
    } catch {
      return null;
    }
  }

  /** Replaces the file atomically. @throws the file system's own error */
  write(root: KnownRoot): void {
    replaceFileSync(this.#path, JSON.stringify({ version: 1, roots: [root] }));
  }
}
