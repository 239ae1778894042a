/** A finished file under its name in a download folder. Rows and runner events hold it as `RecordedFile`. */
import type { RecordedFile } from '../protocol/runner.ts';

export interface LandedFile {
  /** The id in the mark of its folder; null = the one download folder. */
  root: string | null;
  /** Names of the folders below the root, then of the file. */
  path: readonly string[];
  bytes: number;
  /** See `file-mark.ts`; null = a file of an earlier version, known by its name alone. */
  mark: string | null;
}

export function landedFile({ name, bytes, mark }: RecordedFile): LandedFile {
  return { root: null, path: [name], bytes, mark: mark ?? null };
}
