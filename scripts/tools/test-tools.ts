/**
 * Installs the programs that tests need, where that is possible without asking: with apt, as root on Debian.
 * Elsewhere the tests that need them are skipped, each with the command to install them.
 */
import { spawnSync } from 'node:child_process';
import type { TestFile } from './test-files.ts';
import { canApt, missing, TOOLS, type Tool, toolPath, which } from '../../tests/support/tools.ts';

const APT_ENV = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
/** Without a network apt would retry for minutes. */
const APT_OPTIONS = ['-q', '-o', 'Acquire::http::Timeout=30', '-o', 'Acquire::Retries=2'];
const ONE_TRY = ['-q', '-o', 'Acquire::http::Timeout=10', '-o', 'Acquire::Retries=0'];
const APT_DEADLINE_MS = 15 * 60_000;

/** @param wanted the tools that the chosen test files need */
export function prepareTools(wanted: Tool[]): void {
  const mayInstall = canApt() && process.env['SLUICE_TEST_APT'] !== '0';
  const absent = wanted.filter((tool) => toolPath(tool) === null);
  if (absent.length === 0) {
    if (mayInstall) preferFirst(wanted);
    return;
  }
  const packages = absent.flatMap((tool) => [...TOOLS[tool].packages]);
  if (!mayInstall) {
    console.log(`Some tests will be skipped, for want of: ${absent.join(', ')}.`);
    console.log(`To run them: apt-get install -y ${packages.join(' ')}`);
    return;
  }
  console.log(`The tests need ${absent.join(', ')}. Installing with apt-get: ${packages.join(' ')}`);
  apt(['update']);
  apt(['install', '-y', '--no-install-recommends', ...packages]);
  for (const tool of absent) {
    const reason = missing(tool);
    if (reason !== null) console.log(`Still missing: ${reason}`);
  }
}

/** Installs the programs that serve better than those that are there, if apt knows them: without a network it would wait. */
function preferFirst(wanted: Tool[]): void {
  for (const tool of wanted) {
    const { names, packages } = TOOLS[tool];
    if (which(names[0]) !== null || !aptKnows(packages)) continue;
    console.log(`The tests run faster with ${names[0]}. Installing with apt-get: ${packages.join(' ')}`);
    apt(['install', '-y', '--no-install-recommends', ...packages], ONE_TRY);
  }
}

function aptKnows(packages: readonly string[]): boolean {
  return spawnSync('apt-cache', ['show', ...packages], { stdio: 'ignore' }).status === 0;
}

/** Prints output only on failure. */
function apt(args: string[], options = APT_OPTIONS): void {
  const { status, stdout, stderr } = spawnSync('apt-get', [...options, ...args], {
    env: APT_ENV,
    encoding: 'utf8',
    timeout: APT_DEADLINE_MS,
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (status === 0) return;
  console.log(`apt-get ${args[0]} failed (${status ?? 'timed out'}):`);
  console.log(`${stdout}\n${stderr}`.trim().split('\n').slice(-15).join('\n'));
}

/** The tools that the chosen files name; end-to-end files also use some through helpers. */
export function toolsOf(files: [file: TestFile, source: string][]): Tool[] {
  const names = Object.keys(TOOLS) as Tool[];
  return names.filter((tool) =>
    files.some(
      ([{ kind }, source]) => (kind !== 'unit' && END_TO_END.includes(tool)) || MARKS[tool].test(source),
    ),
  );
}

const END_TO_END: Tool[] = ['chromium', 'ffmpeg', 'python3', 'bwrap'];
const MARKS: Record<Tool, RegExp> = {
  chromium: /chromium/,
  ffmpeg: /ffmpeg|site\/media/,
  python3: /python3|yt-dlp/,
  bwrap: /\bbwrap\b|support\/sandbox/,
  curl: /\bcurl\b/,
  strace: /\bstrace\b/,
};
