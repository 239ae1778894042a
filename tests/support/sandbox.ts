/** The sandbox that this machine can make, for tests that need it. */
import { probePartial, probeSandbox } from '#lib/process/sandbox/probe.server.ts';
import { describeSandbox, type Sandbox } from '#lib/process/sandbox/sandbox.ts';
import { missing } from './tools.ts';

export const sandbox = await probeSandbox(process.env['PATH'] ?? '');

/** The level below, as on a machine without namespaces. */
export const partial: Sandbox =
  sandbox.level === 'full'
    ? await probePartial(sandbox, { reason: 'This is a test.', remedy: null })
    : sandbox;

/** Why tests that need Landlock and seccomp cannot run, or null. */
export const partialMissing = partial.level === 'partial' ? null : describeSandbox(partial);

/** Why tests that need namespaces cannot run, or null. */
export const sandboxMissing =
  missing('bwrap') ??
  (sandbox.level === 'full' ? null : `engines cannot be contained: ${describeSandbox(sandbox)}`);
