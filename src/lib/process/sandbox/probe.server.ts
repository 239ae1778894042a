/** Finds out how well this machine can contain engines. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram, isExecutable } from '../find-program.server.ts';
import { baseArguments, runArguments } from './bwrap-arguments.ts';
import { pythonPlaces, systemPlaces } from './places.server.ts';
import type { FullSandbox, LimitedSandbox, Sandbox } from './sandbox.ts';

const run = promisify(execFile);
/** ms; it takes 20 to 60. */
const PROBE_TIMEOUT_MS = 20_000;
/** A loader script of pyenv takes a tenth of a second at each start, so the system's own comes first. */
const SYSTEM_PYTHON = '/usr/bin/python3';

const APT = 'Type: sudo apt-get install -y bubblewrap python3 (or what your system calls them).';
const NAMESPACES =
  'In a container, allow user namespaces (Docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined); ' +
  'on the machine itself, see the sysctls kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns.';

/** @param path PATH of the server */
export async function probeSandbox(path: string): Promise<Sandbox> {
  if (process.platform !== 'linux') {
    return limits('Namespaces are a part of Linux.', null);
  }
  const bwrap = findProgram('bwrap', path);
  if (bwrap === null) return limits('bubblewrap is not installed.', APT);
  const python = await findPython(path);
  if (python === null) return limits('There is no python3, which opens the way out of a sandbox.', APT);
  const places = systemPlaces();
  const version = await versionOf(bwrap);
  let reason = '';
  // Older than 0.8 it cannot forbid further user namespaces inside.
  for (const canDisableUserns of [true, false]) {
    const base = baseArguments(places, canDisableUserns);
    const pythonReads = pythonPlaces(python);
    const sandbox: FullSandbox = { level: 'full', bwrap, version, python, pythonReads, places, base };
    const [program = '', ...args] = runArguments(sandbox, { cwd: '/tmp', reads: pythonReads, kept: [] });
    try {
      await run(program, [...args, '--', python, '-I', '-S', '-c', ''], {
        timeout: PROBE_TIMEOUT_MS,
        env: {},
      });
      return sandbox;
    } catch (thrown) {
      reason ||= lastLine((thrown as { stderr?: string }).stderr ?? '') || (thrown as Error).message;
    }
  }
  return limits(`bubblewrap ${version} cannot be used (${reason}).`, NAMESPACES);
}

function limits(reason: string, remedy: string | null): LimitedSandbox {
  return { level: 'limits', reason, remedy };
}

async function versionOf(bwrap: string): Promise<string> {
  const printed = await run(bwrap, ['--version'], { timeout: PROBE_TIMEOUT_MS, env: {} }).catch(() => null);
  return /\d+(\.\d+)+/.exec(printed?.stdout ?? '')?.[0] ?? 'of unknown version';
}

async function findPython(path: string): Promise<string | null> {
  if (isExecutable(SYSTEM_PYTHON)) return SYSTEM_PYTHON;
  const found = findProgram('python3', path);
  if (found === null) return null;
  const code = 'import sys; print(sys.executable)';
  const printed = await run(found, ['-I', '-S', '-c', code], { timeout: PROBE_TIMEOUT_MS }).catch(() => null);
  const program = printed?.stdout.trim() ?? '';
  return findProgram(program, undefined);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1)?.slice(0, 200) ?? '';
}
