/** The sandbox that this machine can make, for tests that need it. */
import { spawnSync } from 'node:child_process';
import { probePartial, probeSandbox } from '#lib/process/sandbox/probe.server.ts';
import { describeSandbox, type Sandbox } from '#lib/process/sandbox/sandbox.ts';
import { missing } from './tools.ts';

export const sandbox = await probeSandbox(process.env['PATH'] ?? '');

/** The level below, as on a machine without namespaces. */
export const partial: Sandbox =
  sandbox.level === 'full'
    ? await probePartial(sandbox, { reason: 'This is a test.', remedy: null })
    : sandbox;

// What this machine can do is found out without the product: a mistake there must fail its tests, not skip them.
const succeeds = (program: string, ...args: string[]): boolean =>
  spawnSync(program, args, { stdio: 'ignore', timeout: 20_000 }).status === 0;
// The filter is for two architectures.
const hasLandlock =
  ['x64', 'arm64'].includes(process.arch) &&
  succeeds('python3', '-c', 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 4)');
const hasNamespaces = succeeds(
  'bwrap',
  ...['--unshare-all', '--ro-bind', '/', '/', '--proc', '/proc', '--dev', '/dev', 'true'],
);

/** Why tests that need Landlock and seccomp cannot run, or null. */
export const partialMissing = partial.level === 'partial' || hasLandlock ? null : describeSandbox(partial);

/** Why tests that need namespaces cannot run, or null. */
export const sandboxMissing =
  missing('bwrap') ??
  (sandbox.level === 'full' || hasNamespaces
    ? null
    : `engines cannot be contained: ${describeSandbox(sandbox)}`);
