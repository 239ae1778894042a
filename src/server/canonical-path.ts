import { readlinkSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/** Linux's own limit of links in one path: path_resolution(7). */
const MAX_LINKS = 40;

/** As realpath(3), also of a path whose end is missing, as that of a disk that is not mounted. */
export function canonicalPath(path: string, links = 0): string {
  try {
    return realpathSync(path);
  } catch {
    const parent = dirname(path);
    const target = links < MAX_LINKS ? linkTarget(path) : null;
    if (target !== null) return canonicalPath(resolve(parent, target), links + 1);
    return parent === path ? path : join(canonicalPath(parent, links), path.slice(parent.length));
  }
}

/** null = it is no link. */
function linkTarget(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
