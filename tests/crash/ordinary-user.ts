/** Runs the crash tests as an ordinary user, where that is possible. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  globSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { makePlace, type Place, PROJECT } from '../support/server.ts';
import { YT_DLP_HOME } from '../support/yt-dlp.ts';

/** Debian's `nobody`, a user without any permissions. */
export const NOBODY = 65534;

const INSTALLED = join(YT_DLP_HOME, 'engines');

/** Why no server can be started as an ordinary user here, or null. */
export function nobodyMissing(): string | null {
  if (process.getuid?.() !== 0) return 'these tests run as an ordinary user already: the other tests are it';
  const tree = ['build/cli.js', 'node_modules/xstate/package.json'].map((path) => join(PROJECT, path));
  const script = `for (const path of ${JSON.stringify(tree)}) require('node:fs').readFileSync(path)`;
  if (!canRun(NOBODY, process.execPath, ['-e', script])) {
    return `uid ${NOBODY} may not read this tree; run the tests from a checkout that others may read`;
  }
  if (pythonFor(NOBODY) !== null) return null;
  return `uid ${NOBODY} may not run any python3 here; type: apt-get install -y python3`;
}

/** A place owned by `uid`, with a copy of the engines: the tests' cache is readable only by its owner. */
export function makePlaceFor(uid: number): Place {
  const place = makePlace();
  const engines = join(place.dataDir, 'engines');
  rmSync(engines, { force: true });
  if (existsSync(INSTALLED)) {
    cpSync(INSTALLED, engines, { recursive: true, verbatimSymlinks: true });
    useModules(join(engines, 'yt-dlp'), pythonFor(uid) ?? '');
  }
  const { status } = spawnSync('chown', ['-R', '-h', `${uid}:${uid}`, place.dir]);
  if (status !== 0) throw new Error(`${place.dir} could not be given to uid ${uid}`);
  return place;
}

function canRun(uid: number, program: string, args: string[]): boolean {
  return spawnSync(program, args, { uid, gid: uid, cwd: '/', stdio: 'ignore' }).status === 0;
}

/** A Python that this user may run: the one of the installed venv may be in another user's home. */
function pythonFor(uid: number): string | null {
  const inVenv = join(INSTALLED, 'yt-dlp/venv/bin/python');
  const candidates = [...(existsSync(inVenv) ? [realpathSync(inVenv)] : []), '/usr/bin/python3'];
  return candidates.find((python) => canRun(uid, python, ['-c', 'import ssl'])) ?? null;
}

/** Turns an installed venv into the layout without venv: modules, and a Python that imports them. */
function useModules(dir: string, python: string): void {
  const [packages] = globSync(join(dir, 'venv/lib/python3*/site-packages'));
  if (packages !== undefined) renameSync(packages, join(dir, 'modules'));
  const record = join(dir, 'install.json');
  const installed = JSON.parse(readFileSync(record, 'utf8')) as object;
  writeFileSync(record, JSON.stringify({ ...installed, kind: 'path', python, digest: null }));
}
