/**
 * The operator's log: one line per event on stderr, filtered by SLUICE_LOG_LEVEL. Details may come from anywhere: secrets are
 * removed from them. Messages are our own words, and stay as they are.
 */
import { isSecretName, redact } from '#lib/protocol/redact.ts';
import { LOG_LEVELS, type LogLevel } from './config.ts';

export type Details = Record<string, unknown>;

export type Logger = Record<Exclude<LogLevel, 'silent'>, (message: string, details?: Details) => void>;

/** @param write takes whole lines */
export function createLogger(level: LogLevel, write: (line: string) => void): Logger {
  const line =
    (lineLevel: LogLevel) =>
    (message: string, details: Details = {}): void => {
      if (LOG_LEVELS.indexOf(lineLevel) > LOG_LEVELS.indexOf(level)) return;
      const parts = Object.entries(details).map(([name, value]) => ` ${name}=${printable(value)}`);
      write(`${new Date().toISOString()} ${lineLevel} ${oneLine(message)}${parts.join('')}\n`);
    };
  return { error: line('error'), warn: line('warn'), info: line('info'), debug: line('debug') };
}

/** Quoted, because values may come from the network and must not forge lines or fields. */
function printable(value: unknown): string {
  if (value instanceof Error) {
    const cause = value.cause === undefined ? '' : ` (${causeOf(value.cause)})`;
    return JSON.stringify(redact(`${value.stack ?? value.message}`) + redact(cause));
  }
  return typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : (JSON.stringify(value, withoutSecrets) ?? 'none');
}

function withoutSecrets(name: string, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  return isSecretName(name) ? '***' : redact(value);
}

function causeOf(cause: unknown): string {
  return cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ');
}
