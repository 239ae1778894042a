/** Parses the command line, runs the command, and turns its end into an exit code. */
import { parseArgs } from 'node:util';
import { toSluiceError } from '#lib/protocol/error.ts';
import { ConfigError } from '../server/config.ts';
import { VERSION } from '../server/version.ts';
import { type CliCommand, type Io, UsageError } from './command.ts';
import { commandHelp, overview } from './help.ts';
import { CLI_COMMANDS } from './table.ts';

/** @returns 0 done, 1 failed, 2 usage */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = argv;
  try {
    if (name === undefined) {
      io.stderr.write(await overview());
      return 2;
    }
    if (name === '--version' || name === '-v') {
      io.stdout.write(`${VERSION}\n`);
      return 0;
    }
    if (name === '--help' || name === '-h' || (name === 'help' && rest.length === 0)) {
      io.stdout.write(await overview());
      return 0;
    }
    if (name === 'help') {
      io.stdout.write(commandHelp(rest[0] ?? '', await load(rest[0] ?? '')));
      return 0;
    }
    return await runCommand(name, await load(name), rest, io);
  } catch (error) {
    return report(error, name, io);
  }
}

async function runCommand(name: string, command: CliCommand, argv: string[], io: Io): Promise<number> {
  const { values, positionals } = readArguments(command, argv);
  if (values['help'] === true) {
    io.stdout.write(commandHelp(name, command));
    return 0;
  }
  const { min, max } = command.arguments;
  if (positionals.length < min || positionals.length > max) {
    throw new UsageError(
      positionals.length < min ? 'Something is missing.' : 'That is one argument too many.',
    );
  }
  return command.run(positionals, values, io);
}

function readArguments(command: CliCommand, argv: string[]) {
  try {
    const options = { ...command.options, help: { type: 'boolean', short: 'h' } } as const;
    return parseArgs({ args: argv, options, allowPositionals: true, strict: true });
  } catch (error) {
    // Node's second sentence is about file names that begin with a dash: no command here takes one.
    throw new UsageError(`${(error as Error).message.split('. ')[0]}.`);
  }
}

/** @throws UsageError with the nearest name */
async function load(name: string): Promise<CliCommand> {
  const found = Object.hasOwn(CLI_COMMANDS, name) ? CLI_COMMANDS[name] : undefined;
  if (found) return found();
  const near = Object.keys(CLI_COMMANDS).find(
    (known) => known.startsWith(name.slice(0, 2)) && name.length > 1,
  );
  throw new UsageError(
    /^https?:/.test(name)
      ? `To download an address: sluice get ${name}`
      : `There is no command ${JSON.stringify(name)}.${near === undefined ? '' : ` Did you mean ${near}?`}`,
  );
}

function report(thrown: unknown, name: string | undefined, io: Io): number {
  if (thrown instanceof UsageError) {
    const known = name !== undefined && Object.hasOwn(CLI_COMMANDS, name);
    io.stderr.write(`sluice: ${thrown.message}\nTry: sluice ${known ? `help ${name}` : '--help'}\n`);
    return 2;
  }
  if (thrown instanceof ConfigError) {
    io.stderr.write(`sluice: ${thrown.message}\n`);
    return 1;
  }
  const error = toSluiceError(thrown);
  const isOurs = error.code !== 'internal_error';
  io.stderr.write(`sluice: ${isOurs ? `${error.message} (${error.code})` : describe(thrown)}\n`);
  return 1;
}

/** An unexpected error, with the stack that a bug report needs. */
function describe(thrown: unknown): string {
  return thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown);
}
