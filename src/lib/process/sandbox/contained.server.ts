/** What is executed for a run: the command itself, or bubblewrap with the command at its end. */
import { existsSync } from 'node:fs';
import type { Outlet } from '../process-host.ts';
import { programText } from '../program-text.server.ts';
import { proxyEnvironment } from '../run-proxy.ts';
import { runArguments } from './bwrap-arguments.ts';
import { programPaths } from './readable-paths.server.ts';
import { syscallFilter } from './syscall-filter.ts';
import { PROXY_PORT, type RunLimits, type Sandbox, type SandboxTools } from './sandbox.ts';

const RESTRICT = programText('restrict.py', import.meta.url);
const HAND_OVER = programText('hand-over.py', import.meta.url);
/** ulimit counts threads, of which ffmpeg and Go start several for each core. */
const THREADS = 8;
/** dash and busybox call it -p, bash -u. It counts the sandbox's own processes; root's are not limited. */
const WITH_PROCESS_LIMIT = 'ulimit -u "$0" 2>/dev/null || ulimit -p "$0" 2>/dev/null; exec "$@"';
/** The fd on which bubblewrap reports its first process. */
export const STATUS_FD = 5;
/** The fd from which it reads the filter of system calls. */
export const FILTER_FD = 6;
/** null = there is none for this architecture. */
export const FILTER = syscallFilter(process.arch, true);
const FILTER_WITHOUT_NAMESPACES = syscallFilter(process.arch, false);

export interface Contained {
  argv: string[];
  /** Only the variables of the proxy. */
  env: Record<string, string>;
  /** Whether it passes its listener to the server before the engine begins. */
  handsOver: boolean;
  /** What is written to `FILTER_FD`; null = nothing is read there. */
  filter: Uint8Array | null;
}

export interface RunToContain {
  /** argv[0] is absolute. */
  argv: readonly string[];
  cwd: string;
  reads: readonly string[];
  kept: readonly string[];
  outlet: Outlet | null;
  limits: RunLimits;
}

/** @param sandbox null = the command as it is: for programs that we install */
export function contain(sandbox: Sandbox | null, run: RunToContain): Contained {
  const { argv, cwd, outlet, limits } = run;
  const own = [...run.reads, ...programPaths(argv[0] ?? '')];
  if (sandbox?.level !== 'full') {
    const env = outlet === null ? {} : proxyEnvironment(outlet.url());
    const restricted = sandbox?.level === 'partial' ? restrictedBy(sandbox, { cwd, reads: own, outlet }) : [];
    return { argv: [...restricted, ...argv], env, handsOver: false, filter: null };
  }
  const { python, pythonReads } = sandbox;
  const handsOver = outlet !== null;
  const reads = [...own, ...(handsOver ? pythonReads : [])];
  return {
    argv: [
      ...runArguments(sandbox, { cwd, kept: run.kept, reads: reads.filter((path) => existsSync(path)) }),
      ...['--json-status-fd', String(STATUS_FD), ...filterArguments(FILTER_FD), '--'],
      ...(handsOver ? [python, '-I', '-S', '-c', HAND_OVER, String(PROXY_PORT)] : []),
      ...['/bin/sh', '-c', WITH_PROCESS_LIMIT, String(limits.processes * THREADS), ...argv],
    ],
    env: handsOver ? proxyEnvironment(`http://127.0.0.1:${PROXY_PORT}`) : {},
    handsOver,
    filter: FILTER,
  };
}

/** Of bubblewrap, which then reads `filter` there. */
export function filterArguments(fd: number): string[] {
  return FILTER === null ? [] : ['--seccomp', String(fd)];
}

/** The arguments before the command. */
export function restrictedBy(
  { python, pythonReads, places }: SandboxTools,
  { cwd, reads, outlet }: Pick<RunToContain, 'cwd' | 'reads' | 'outlet'>,
): string[] {
  const read = [...places.map(({ path }) => path), ...pythonReads, ...reads];
  const port = outlet === null ? null : Number(new URL(outlet.url()).port);
  const filter =
    FILTER_WITHOUT_NAMESPACES === null ? null : Buffer.from(FILTER_WITHOUT_NAMESPACES).toString('base64');
  return [python, '-I', '-S', '-c', RESTRICT, JSON.stringify({ read, write: [cwd], port, filter })];
}
