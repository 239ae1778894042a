/** Finds programs as a shell does, but never in the current dir: that may be the download dir. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/**
 * The absolute path of an executable: `name` itself when it is absolute, else the first match on `path`; null = none.
 * Relative entries of PATH, and relative names with a slash, match nothing.
 */
export function findProgram(name: string, path: string | undefined): string | null {
  if (isAbsolute(name)) return isExecutable(name) ? name : null;
  if (name === '' || name.includes('/')) return null;
  for (const dir of (path ?? '').split(delimiter)) {
    if (isAbsolute(dir) && isExecutable(join(dir, name))) return join(dir, name);
  }
  return null;
}

/** Whether it is a file that this process may run. */
export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
