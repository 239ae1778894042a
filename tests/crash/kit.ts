/** Ground for the crash tests: a place that an ordinary user may use, and why there may be none. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makePlace, type Place, PROJECT } from '../support/server.ts';
import { YT_DLP_HOME } from '../support/yt-dlp.ts';

/** `nobody` of Debian: a user without rights of any kind. */
export const NOBODY = 65534;

/** Why no server can be started as an ordinary user here, or null. */
export function nobodyMissing(): string | null {
  if (process.getuid?.() !== 0) return 'these tests run as an ordinary user already: the other tests are it';
  const tree = [
    process.execPath,
    join(PROJECT, 'build/cli.js'),
    join(PROJECT, 'node_modules/xstate/package.json'),
  ];
  const script = `for (const path of ${JSON.stringify(tree)}) require('node:fs').readFileSync(path)`;
  const { status, error } = spawnSync(process.execPath, ['-e', script], {
    uid: NOBODY,
    gid: NOBODY,
    cwd: '/',
  });
  if (status === 0) return null;
  const why = error?.message ?? `exit ${status}`;
  return `uid ${NOBODY} may not read this tree (${why}); run the tests from a checkout that others may read`;
}

/** A place that belongs to `uid`, with the engines in it copied: the cache of the tests is for its owner only. */
export function placeOf(uid: number): Place {
  const place = makePlace();
  const engines = join(place.dataDir, 'engines');
  rmSync(engines, { force: true });
  const installed = join(YT_DLP_HOME, 'engines');
  if (existsSync(installed)) cpSync(installed, engines, { recursive: true, verbatimSymlinks: true });
  const { status } = spawnSync('chown', ['-R', `${uid}:${uid}`, place.dir]);
  if (status !== 0) throw new Error(`${place.dir} could not be given to uid ${uid}`);
  return place;
}
