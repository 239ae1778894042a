/**
 * The programs that some tests need: their paths, and how to install them.
 * `npm test` installs them where it can (scripts/tools/test-tools.ts); otherwise tests that need them are skipped.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** By the names under which each is found, the best first; the packages are those of the first. */
export const TOOLS = {
  /** Chromium without windows, which Playwright too prefers: a visit of the page takes two thirds of the CPU. */
  chromium: {
    names: ['chromium-headless-shell', 'chromium', 'chromium-browser', 'google-chrome'],
    packages: ['chromium-headless-shell'],
  },
  ffmpeg: { names: ['ffmpeg'], packages: ['ffmpeg'] },
  python3: { names: ['python3'], packages: ['python3', 'python3-venv'] },
  bwrap: { names: ['bwrap'], packages: ['bubblewrap'] },
  curl: { names: ['curl'], packages: ['curl'] },
  strace: { names: ['strace'], packages: ['strace'] },
} as const satisfies Record<string, { names: string[]; packages: string[] }>;

export type Tool = keyof typeof TOOLS;

/** The absolute path of a program on PATH, or null. */
export function which(name: string, path = process.env['PATH'] ?? ''): string | null {
  for (const dir of path.split(delimiter)) {
    const candidate = join(dir, name);
    try {
      accessSync(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this dir.
    }
  }
  return null;
}

/** The absolute path of a tool, or null. python3 counts only with its venv module, a separate package in Debian. */
export function toolPath(tool: Tool): string | null {
  for (const name of TOOLS[tool].names) {
    const path = which(name);
    if (path === null) continue;
    if (tool === 'python3' && !hasVenv(path)) continue;
    return path;
  }
  return null;
}

/** Why a test that needs the tool cannot run, with the command to install it, or null. For `testUnless`. */
export function missing(tool: Tool): string | null {
  if (toolPath(tool) !== null) return null;
  return `${tool} is not installed; type: apt-get install -y ${TOOLS[tool].packages.join(' ')}`;
}

function hasVenv(python: string): boolean {
  // Debian leaves out ensurepip; the path of its files depends on the minor version.
  const probe = spawnSync(python, ['-c', 'import venv, ensurepip'], { stdio: 'ignore', timeout: 20_000 });
  return probe.status === 0;
}

/** Whether this is Debian (or a derivative) and we are root. */
export function canApt(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && which('apt-get') !== null;
}
