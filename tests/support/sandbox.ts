/** The sandbox that this machine can make, for tests that need it. */
import { probeSandbox } from '#lib/process/sandbox/probe.server.ts';
import { describeSandbox } from '#lib/process/sandbox/sandbox.ts';
import { missing } from './tools.ts';

export const sandbox = await probeSandbox(process.env['PATH'] ?? '');

/** Why tests that need namespaces cannot run, or null. */
export const sandboxMissing =
  missing('bwrap') ??
  (sandbox.level === 'full' ? null : `engines cannot be contained: ${describeSandbox(sandbox)}`);
