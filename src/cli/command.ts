import type { ParseArgsConfig } from 'node:util';
import type { Config, Environment } from '../server/config.ts';

/** What a command may use of its process. */
export interface Io {
  env: Environment;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
  /** Reads the configuration. @throws ConfigError */
  config(): Config;
  /**
   * Calls `stop` at the first SIGINT, SIGTERM or SIGHUP; a second one ends the process at once.
   * @returns removes the signal listeners
   */
  onInterrupt(stop: (signal: NodeJS.Signals) => void): () => void;
}

type Options = NonNullable<ParseArgsConfig['options']>;

/** Values from `parseArgs`, for options that take one value or none. */
export type Values = Record<string, string | boolean | undefined>;

export interface CliCommand {
  /** What follows the command's name: `URL… [--json]`. */
  synopsis: string;
  /** One line for the list of commands. */
  summary: string;
  /** What `sluice help NAME` adds. */
  help: string;
  options: Options;
  /** How many positional arguments it takes. */
  arguments: { min: number; max: number };
  /** @returns the exit code: 0 done, 1 failed */
  run(positionals: string[], values: Values, io: Io): Promise<number>;
}

/** The command line is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A text option, undefined when it is not given. */
export function textOption(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === 'string' ? value : undefined;
}
