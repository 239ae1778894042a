/** Finds out how well this machine can contain engines. */
import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { findProgram, isExecutable } from '../find-program.server.ts';
import { baseArguments, runArguments } from './bwrap-arguments.ts';
import { FILTER, filterArguments, restrictedBy } from './contained.server.ts';
import { pythonPaths, systemPaths } from './readable-paths.server.ts';
import type { FullSandbox, Sandbox, SandboxTools, SandboxLimitation } from './sandbox.ts';

const run = promisify(execFile);
/** ms; it takes 20 to 60. */
const PROBE_TIMEOUT_MS = 20_000;
/** A loader script of pyenv takes a tenth of a second at each start, so the system's own comes first. */
const SYSTEM_PYTHON = '/usr/bin/python3';

const APT = 'Type: sudo apt-get install -y bubblewrap python3 (or what your system calls them).';
const NAMESPACES =
  'In a container, allow user namespaces (Docker: --security-opt seccomp=unconfined --security-opt apparmor=unconfined); ' +
  'on the machine itself, see the sysctls kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns.';

/** The best level that works here. @param path PATH of the server. @param systemPython preferred to those of PATH */
export async function probeSandbox(path: string, systemPython = SYSTEM_PYTHON): Promise<Sandbox> {
  if (process.platform !== 'linux') {
    return { level: 'limits', reason: 'Sandboxes need Linux.', remedy: null };
  }
  const python = await findPython(path, systemPython);
  if (python === null)
    return { level: 'limits', reason: 'There is no python3, which sets sandboxes up.', remedy: APT };
  const tools: SandboxTools = { python, pythonReads: pythonPaths(python), places: systemPaths() };
  const full = await probeFull(path, tools);
  return full.level === 'full' ? full : probePartial(tools, full);
}

async function probeFull(
  path: string,
  tools: SandboxTools,
): Promise<FullSandbox | ({ level: null } & SandboxLimitation)> {
  const bwrap = findProgram('bwrap', path);
  if (bwrap === null) return { level: null, reason: 'bubblewrap is not installed.', remedy: APT };
  const version = versionOf(bwrap);
  let firstFailure = '';
  // Older than 0.8 it cannot forbid further user namespaces inside.
  for (const canDisableUserns of [true, false]) {
    const base = baseArguments(tools.places, canDisableUserns);
    const argv = runArguments(
      { bwrap, base, places: tools.places },
      { cwd: tmpdir(), reads: tools.pythonReads, kept: [] },
    );
    const command = [...argv, ...filterArguments(0), '--', tools.python, '-I', '-S', '-c', ''];
    const failure = await failureOf(command, FILTER);
    if (failure === null) return { level: 'full', bwrap, version: await version, ...tools, base };
    firstFailure ||= failure;
  }
  return {
    level: null,
    reason: `bubblewrap ${await version} cannot be used (${firstFailure}).`,
    remedy: NAMESPACES,
  };
}

/** @param shortcoming why there are no namespaces */
export async function probePartial(
  tools: SandboxTools,
  { reason, remedy }: SandboxLimitation,
): Promise<Sandbox> {
  const argv = restrictedBy(tools, { cwd: tmpdir(), reads: [], outlet: null });
  const failure = await failureOf([...argv, tools.python, '-I', '-S', '-c', '']);
  const { python, pythonReads, places } = tools;
  if (failure === null) return { level: 'partial', python, pythonReads, places, reason, remedy };
  return { level: 'limits', reason: `${reason} Landlock cannot be used either (${failure}).`, remedy };
}

/** The last line that a failing command printed; null = it succeeded. */
async function failureOf(
  [program = '', ...args]: string[],
  input: Uint8Array | null = null,
): Promise<string | null> {
  try {
    const running = run(program, args, { timeout: PROBE_TIMEOUT_MS, env: {} });
    // EPIPE: it failed before it read it.
    running.child.stdin?.on('error', () => undefined).end(input);
    await running;
    return null;
  } catch (thrown) {
    const printed = (thrown as { stderr?: string }).stderr?.trim().split('\n').at(-1)?.slice(0, 200);
    return printed ?? (thrown as Error).message;
  }
}

async function versionOf(bwrap: string): Promise<string> {
  const printed = await run(bwrap, ['--version'], { timeout: PROBE_TIMEOUT_MS, env: {} }).catch(() => null);
  return /\d+(\.\d+)+/.exec(printed?.stdout ?? '')?.[0] ?? 'of unknown version';
}

async function findPython(path: string, systemPython: string): Promise<string | null> {
  if (isExecutable(systemPython)) return systemPython;
  const found = findProgram('python3', path);
  if (found === null) return null;
  const code = 'import sys; print(sys.executable)';
  const printed = await run(found, ['-I', '-S', '-c', code], { timeout: PROBE_TIMEOUT_MS }).catch(() => null);
  const program = printed?.stdout.trim() ?? '';
  return findProgram(program, undefined);
}
