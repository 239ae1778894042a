import type { EngineStatus } from '#lib/protocol/media.ts';

/** One line for each engine, with the remedy for those that are missing. */
export function engineLines(statuses: readonly EngineStatus[]): string[] {
  const width = Math.max(...statuses.map(({ engine }) => engine.length));
  return statuses.map((status) => `  ${status.engine.padEnd(width)}  ${describe(status)}\n`);
}

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
