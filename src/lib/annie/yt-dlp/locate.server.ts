/** Finds yt-dlp: the copy that we installed, else one on PATH. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../../process/find-program.server.ts';
import { pythonPaths, scriptPaths } from '../../process/sandbox/readable-paths.server.ts';
import { entryCommand } from './entry.server.ts';
import { digestOf } from './install-digest.server.ts';
import { INSTALLED_PACKAGES, INSTALLED_VERSION } from './requirements.ts';

/**
 * For a yt-dlp without our entry script: by default its blocks hold a second of data, and it reports progress after each.
 * Larger fixed blocks would cost less, but report late below 500 kB/s.
 */
const FIXED_BLOCKS = ['--no-resize-buffer', '--buffer-size=64K'];
/** The dir of our own copy inside the data dir; `install.json` in it is written last. */
export const INSTALL_DIR = join('engines', 'yt-dlp');
export const INSTALL_RECORD = 'install.json';

export interface YtDlpProgram {
  /** Start of the argv. */
  command: string[];
  /** What it has to read beside the system's files. */
  reads: string[];
  /** Null = not known without running it. */
  version: string | null;
  path: string;
  /** Changes when the program does. */
  fingerprint: string;
  /** Of `digestOf` when it was installed; null = not known. */
  digest: string | null;
  /** Whether it is our own copy with all packages that this version installs. */
  isComplete: boolean;
  /** Whether it is the version whose downloader `range-check.py` was tested with. */
  resumes: boolean;
}

export interface InstallRecord {
  version: string;
  /** `venv`: a Python of its own; `path`: the system's Python and a folder with the modules. */
  kind: 'venv' | 'path';
  /** The system's Python, absolute. Only for `path`. */
  python: string | null;
  /** `INSTALLED_PACKAGES`; null in installations of earlier versions, which lack some. They are used until the next install. */
  packages: string | null;
  /** `digestOf` the installation; null in those of earlier versions. */
  digest: string | null;
}

export function locateYtDlp(dataDir: string, path: string): YtDlpProgram | null {
  return locateInstalled(dataDir) ?? locateOnPath(path);
}

/** Our own copy, if it is complete. */
export function locateInstalled(dataDir: string): YtDlpProgram | null {
  const dir = join(dataDir, INSTALL_DIR);
  const record = readRecord(join(dir, INSTALL_RECORD));
  if (record === null) return null;
  const { version, kind, packages, digest } = record;
  const python = kind === 'venv' ? join(dir, 'venv', 'bin', 'python') : record.python;
  // The system's Python may have been replaced or removed since.
  if (python === null || findProgram(python, undefined) === null) return null;
  const modules = kind === 'venv' ? null : join(dir, 'modules');
  const command = entryCommand(python, modules);
  const fingerprint = `${dir}:${version}:${kind}:${digest}`;
  return {
    version,
    path: dir,
    ...{ fingerprint, digest },
    command,
    reads: [dir, ...pythonPaths(python)],
    isComplete: packages === INSTALLED_PACKAGES && digest !== null,
    resumes: version === INSTALLED_VERSION,
  };
}

/** Whether no file of it was changed since it was installed. What we did not install is its owner's. */
export async function isIntact({ path, digest }: YtDlpProgram): Promise<boolean> {
  return digest === null || (await digestOf(path, INSTALL_RECORD).catch(() => null)) === digest;
}

function locateOnPath(path: string): YtDlpProgram | null {
  const program = findProgram('yt-dlp', path);
  if (program === null) return null;
  const { mtimeMs, size, ino } = statSync(program);
  return {
    command: [program, ...FIXED_BLOCKS],
    reads: scriptPaths(program),
    version: null,
    path: program,
    fingerprint: `${program}:${mtimeMs}:${size}:${ino}`,
    digest: null,
    isComplete: false,
    resumes: false,
  };
}

function readRecord(path: string): InstallRecord | null {
  try {
    const record = JSON.parse(readFileSync(path, 'utf8')) as Partial<InstallRecord>;
    const { version, kind, python = null, packages = null, digest = null } = record;
    if (typeof version !== 'string' || (kind !== 'venv' && kind !== 'path')) return null;
    return { version, kind, python, packages, digest };
  } catch {
    return null;
  }
}
