import { existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ConfigError } from './config.ts';

/**
 * Creates the folder that the variable is set to, and its parents.
 * @throws ConfigError naming both
 */
export function makeDir(path: string, variable: string, mode = 0o777): void {
  try {
    makeDirs(path, mode);
  } catch (error) {
    throw new ConfigError(`${variable}: ${path} cannot be made (${(error as NodeJS.ErrnoException).code}).`);
  }
}

/**
 * As `mkdir -p`. Node's own `recursive` never returns below an existing folder that takes no subfolders, such as /proc
 * (Node 20 and 24).
 */
function makeDirs(path: string, mode: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (code !== 'ENOENT' || parent === path || existsSync(parent)) throw error;
    makeDirs(parent, mode);
    makeDirs(path, mode);
  }
}
