/** The engine of examples/engines/gallery-dl, with the gallery-dl that its own note says, installed once into .cache/. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { sandbox } from './sandbox.ts';
import { missing } from './tools.ts';

const run = promisify(execFile);
const PROJECT = join(import.meta.dirname, '../..');
const EXAMPLE = join(PROJECT, 'examples/engines/gallery-dl');
const CACHE = join(PROJECT, '.cache/gallery-dl');
const DEADLINE_MS = 5 * 60_000;

/** The version in its note, which is the one of its manifest. */
const { version } = JSON.parse(readFileSync(join(EXAMPLE, 'engine.json'), 'utf8')) as { version: string };
const FOLDER = join(CACHE, version);

/** Why tests cannot run the real gallery-dl, or null. Idempotent. */
export async function galleryDlMissing(): Promise<string | null> {
  const reason = missing('python3');
  if (reason !== null) return reason;
  // The one that runs in sandboxes: modules are compiled for a Python.
  const python = sandbox.level === 'limits' ? 'python3' : sandbox.python;
  try {
    if (!existsSync(FOLDER)) await install(python);
    return null;
  } catch (thrown) {
    return `gallery-dl ${version} cannot be installed from PyPI: ${(thrown as Error).message.slice(-300)}`;
  }
}

async function install(python: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const staging = mkdtempSync(join(CACHE, 'new-'));
  try {
    const [venv, folder] = [join(staging, 'venv'), join(staging, 'gallery-dl')];
    await run(python, ['-I', '-m', 'venv', venv], { timeout: DEADLINE_MS });
    const pip = [
      join(venv, 'bin/python'),
      '-I',
      '-m',
      'pip',
      '--disable-pip-version-check',
      '--no-input',
    ] as const;
    const [program, ...args] = [
      ...pip,
      'install',
      '-q',
      '--only-binary=:all:',
      '--target',
      join(folder, 'modules'),
    ];
    await run(program, [...args, `gallery-dl==${version}`], { timeout: DEADLINE_MS });
    renameSync(folder, FOLDER);
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Puts the engine into a data folder. */
export function shareGalleryDl(dataDir: string): void {
  const folder = join(dataDir, 'engines/gallery-dl');
  cpSync(EXAMPLE, folder, { recursive: true });
  // Not a link, which would lead out of its sandbox.
  cpSync(join(FOLDER, 'modules'), join(folder, 'modules'), { recursive: true });
}
