/** The yt-dlp that `npm test` installs once with the product's own installer, and keeps in .cache/. */
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { missing } from './tools.ts';

/** A data dir with only the installed engine. */
export const YT_DLP_HOME = join(import.meta.dirname, '../../.cache/sluice');
const ENGINES = join(YT_DLP_HOME, 'engines');

/** Why tests cannot run the real yt-dlp, with the remedy, or null. For `testUnless`. */
export function ytDlpMissing(): string | null {
  if (existsSync(join(ENGINES, 'yt-dlp/install.json'))) return null;
  return missing('python3') ?? 'yt-dlp could not be installed from PyPI; npm test tries again';
}

/** Links the installed engine into a fresh data dir. */
export function shareYtDlp(dataDir: string): void {
  if (existsSync(ENGINES)) symlinkSync(ENGINES, join(dataDir, 'engines'));
}
