/**
 * Installs a pinned, hash-checked yt-dlp into the data dir. It is built in a staging dir and then renamed, so that an
 * interrupted install leaves the old one or none.
 */
import { mkdir, mkdtemp, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { SluiceError } from '../../protocol/error.ts';
import { errnoOf } from '../../files/disk-error.ts';
import type { ProcessHost } from '../../process/process-host.ts';
import { createProcessHost } from '../../process/process-host.server.ts';
import { findProgram } from '../../process/find-program.server.ts';
import { entryCommand } from './entry.server.ts';
import { digestOf } from './install-digest.server.ts';
import {
  INSTALL_DIR,
  INSTALL_RECORD,
  type InstallRecord,
  isIntact,
  locateInstalled,
} from './locate.server.ts';
import { INSTALLED_PACKAGES, INSTALLED_VERSION, requirementsFile } from './requirements.ts';

interface InstallOptions {
  /** Created if missing. */
  dataDir: string;
  /** Progress, and the output of pip. */
  onLine: (line: string) => void;
  signal?: AbortSignal;
  /** The caller's environment, for pip's settings (index, proxy, certificates). */
  env?: NodeJS.ProcessEnv;
  /** Installs it again if it is installed already. */
  force?: boolean;
}

interface Installed {
  version: string;
  path: string;
  /** False = it was installed already. */
  changed: boolean;
}

const APT_PYTHON = 'Type: sudo apt-get install -y python3 python3-venv';
const APT_PIP = 'Type: sudo apt-get install -y python3-venv';
/** yt-dlp 2026.10.26's own `Requires-Python`. */
const MIN_PYTHON = [3, 10] as const;

/** Idempotent. @throws SluiceError `engine_missing` (no Python or pip: with the line to type), `engine_exit`, `disk_*` */
export async function installYtDlp(options: InstallOptions): Promise<Installed> {
  const { dataDir, onLine, force = false } = options;
  const present = locateInstalled(dataDir);
  if (present?.isComplete && !force && (await isIntact(present))) {
    onLine(`yt-dlp ${INSTALLED_VERSION} is installed in ${present.path}.`);
    return { version: INSTALLED_VERSION, path: present.path, changed: false };
  }
  const installDir = join(dataDir, INSTALL_DIR);
  await mkdir(dirname(installDir), { recursive: true, mode: 0o700 });
  await removeLeftovers(dirname(installDir));
  const staging = await mkdtemp(join(dirname(installDir), STAGING));
  // Its own run dir, as a server may be using that of the data dir.
  const processes = await createProcessHost({ runDir: join(staging, 'run') });
  try {
    const built = join(staging, 'built');
    await mkdir(built);
    const record = await build(built, createShell(processes, staging, options), onLine);
    const digest = await digestOf(built, INSTALL_RECORD);
    await writeFile(join(built, INSTALL_RECORD), `${JSON.stringify({ ...record, digest })}\n`);
    await replace(installDir, built, staging);
  } finally {
    await processes.close();
    await rm(staging, { recursive: true, force: true });
  }
  onLine(`yt-dlp ${INSTALLED_VERSION} is installed in ${installDir}.`);
  return { version: INSTALLED_VERSION, path: installDir, changed: true };
}

const STAGING = '.yt-dlp-';

type Shell = (argv: string[]) => Promise<{ exitCode: number | null; output: string }>;

async function build(
  built: string,
  shell: Shell,
  onLine: (line: string) => void,
): Promise<Omit<InstallRecord, 'digest'>> {
  const python = await findPython(shell);
  const requirements = join(built, 'requirements.txt');
  await writeFile(requirements, requirementsFile());
  const pip = [
    '--disable-pip-version-check',
    '--no-input',
    '--no-cache-dir',
    '--require-hashes',
    '--no-deps',
  ];
  const packages = [...pip, '--progress-bar=off', '--only-binary=:all:', '-r', requirements];
  const has = async (module: string): Promise<boolean> => {
    return (await shell([python, '-I', '-c', `import ${module}`])).exitCode === 0;
  };

  if ((await has('venv')) && (await has('ensurepip'))) {
    onLine('Making a Python environment…');
    const venv = join(built, 'venv');
    await succeed(shell([python, '-I', '-m', 'venv', venv]), 'The Python environment could not be made');
    onLine('Fetching yt-dlp from PyPI…');
    const venvPython = join(venv, 'bin', 'python');
    await succeed(
      shell([venvPython, '-I', '-m', 'pip', 'install', ...packages]),
      'pip could not install yt-dlp',
    );
    // 20 MB that are not needed any more.
    await shell([venvPython, '-I', '-m', 'pip', 'uninstall', '-q', '-y', 'setuptools', 'pip']);
    await checkVersion(shell, entryCommand(venvPython, null));
    return { version: INSTALLED_VERSION, kind: 'venv', python: null, packages: INSTALLED_PACKAGES };
  }
  if (!(await has('pip'))) {
    throw new SluiceError('engine_missing', `Python is here, but neither its venv nor pip is. ${APT_PIP}`);
  }
  onLine('Fetching yt-dlp from PyPI…');
  const wheels = join(built, 'wheels');
  await succeed(
    shell([python, '-I', '-m', 'pip', 'download', ...packages, '-d', wheels]),
    'pip could not fetch yt-dlp',
  );
  const modules = join(built, 'modules');
  for (const wheel of await readdir(wheels)) {
    await succeed(
      shell([python, '-I', '-m', 'zipfile', '-e', join(wheels, wheel), modules]),
      'The wheel is broken',
    );
  }
  await rm(wheels, { recursive: true });
  // As pip does: an engine cannot write what it has compiled into the installation.
  await shell([python, '-I', '-m', 'compileall', '-q', modules]);
  await checkVersion(shell, entryCommand(python, modules));
  return { version: INSTALLED_VERSION, kind: 'path', python, packages: INSTALLED_PACKAGES };
}

async function findPython(shell: Shell): Promise<string> {
  const { exitCode, output } = await shell([
    'python3',
    '-I',
    '-c',
    'import sys; print(sys.executable, *sys.version_info[:2])',
  ]);
  const match = /^(\/.*) (\d+) (\d+)\s*$/.exec(output.trim());
  if (exitCode !== 0 || !match)
    throw new SluiceError('engine_missing', `yt-dlp needs Python 3. ${APT_PYTHON}`);
  const [major, minor] = [Number(match[2]), Number(match[3])];
  if (major < MIN_PYTHON[0] || (major === MIN_PYTHON[0] && minor < MIN_PYTHON[1])) {
    throw new SluiceError(
      'engine_missing',
      `yt-dlp needs Python ${MIN_PYTHON.join('.')}; this is ${major}.${minor}.`,
    );
  }
  return match[1]!;
}

async function checkVersion(shell: Shell, command: string[]): Promise<void> {
  const { output } = await succeed(
    shell([...command, '--ignore-config', '--version']),
    'yt-dlp does not start',
  );
  if (output.trim() === INSTALLED_VERSION) return;
  throw new SluiceError('engine_version', `yt-dlp says that it is ${output.trim().slice(0, 40)}.`);
}

async function succeed(run: ReturnType<Shell>, what: string): ReturnType<Shell> {
  const result = await run;
  if (result.exitCode === 0) return result;
  const reason =
    result.output
      .trim()
      .split('\n')
      .findLast((line) => /error/i.test(line)) ?? '';
  throw new SluiceError('engine_exit', `${what}. ${reason}`.trim(), { transient: false });
}

/** Returns a function that runs a command and returns its exit code and output; lines of pip go to `onLine`. */
function createShell(
  processes: ProcessHost,
  cwd: string,
  { onLine, signal, env = process.env }: InstallOptions,
): Shell {
  const environment = Object.fromEntries(
    Object.entries(env).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
  return async (argv) => {
    const program = argv[0] ?? '';
    if (findProgram(program, environment['PATH']) === null) return { exitCode: 127, output: '' };
    const decoders = { 1: new TextDecoder(), 2: new TextDecoder() };
    const unfinished = { 1: '', 2: '' };
    let output = '';
    const { exitCode } = await processes.run({
      argv,
      cwd,
      env: environment,
      signal: signal ?? new AbortController().signal,
      onChunk: (fd, chunk) => {
        const text = decoders[fd].decode(chunk, { stream: true });
        output = (output + text).slice(-64 * 1024);
        const lines = (unfinished[fd] + text).split('\n');
        unfinished[fd] = lines.pop() ?? '';
        for (const line of lines) if (argv.includes('pip')) onLine(line.trimEnd());
      },
    });
    signal?.throwIfAborted();
    return { exitCode, output };
  };
}

/** Replaces the old installation, also while another install does the same. */
async function replace(installDir: string, built: string, staging: string): Promise<void> {
  for (let round = 0; ; round++) {
    await rename(installDir, join(staging, `old-${round}`)).catch((thrown: unknown) => {
      if (errnoOf(thrown) !== 'ENOENT') throw thrown;
    });
    try {
      return await rename(built, installDir);
    } catch (thrown) {
      if (round === 10 || !['ENOTEMPTY', 'EEXIST'].includes(errnoOf(thrown) ?? '')) throw thrown;
    }
  }
}

/** Removes staging dirs of installs that were killed more than an hour ago. */
async function removeLeftovers(dir: string): Promise<void> {
  for (const name of await readdir(dir)) {
    const path = join(dir, name);
    const age = Date.now() - ((await stat(path).catch(() => null))?.mtimeMs ?? Date.now());
    if (name.startsWith(STAGING) && age > 3_600_000) await rm(path, { recursive: true, force: true });
  }
}
