/** What an operator reads: one line an event, on stderr, below the level that SLUICE_LOG_LEVEL asks for. */
import { LOG_LEVELS, type LogLevel } from './config.ts';

export type Details = Record<string, unknown>;

export type Logger = Record<Exclude<LogLevel, 'silent'>, (message: string, details?: Details) => void>;

/** @param write takes whole lines */
export function createLogger(level: LogLevel, write: (line: string) => void): Logger {
  const line =
    (its: LogLevel) =>
    (message: string, details: Details = {}): void => {
      if (LOG_LEVELS.indexOf(its) > LOG_LEVELS.indexOf(level)) return;
      const parts = Object.entries(details).map(([name, value]) => ` ${name}=${printable(value)}`);
      write(`${new Date().toISOString()} ${its} ${oneLine(message)}${parts.join('')}\n`);
    };
  return { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
}

/** Values may come from the network: quoted, so that none can pose as a line or a field of ours. */
function printable(value: unknown): string {
  if (value instanceof Error) {
    const cause = value.cause === undefined ? '' : ` (${causeOf(value.cause)})`;
    return JSON.stringify(`${value.stack ?? value.message}${cause}`);
  }
  return typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : (JSON.stringify(value) ?? 'none');
}

function causeOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
