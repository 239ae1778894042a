import { describeSandbox, type Sandbox } from '#lib/process/sandbox/sandbox.ts';
import type { EngineStatus } from '#lib/protocol/media.ts';

/** One line for each engine, with the remedy for those that are missing, and one for how they are contained. */
export function engineLines(statuses: readonly EngineStatus[], sandbox: Sandbox): string[] {
  const width = Math.max(SANDBOX.length, ...statuses.map(({ engine }) => engine.length));
  const lines: [string, string][] = statuses.map((status) => [status.engine, describe(status)]);
  return [...lines, [SANDBOX, describeSandbox(sandbox)] as const].map(
    ([name, text]) => `  ${name.padEnd(width)}  ${text}\n`,
  );
}

const SANDBOX = 'sandbox';

function describe(status: EngineStatus): string {
  switch (status.state) {
    case 'ready':
      return `ready, ${status.version}${status.path === null ? ' (built in)' : ` (${status.path})`}`;
    case 'unusable':
      return `cannot be used: ${status.reason} ${status.remedy}`;
    case 'missing':
      return `not installed. ${status.remedy}`;
  }
}
