import type { CliCommand } from './command.ts';

/** Each is loaded when it is run, so that a short command does not wait for the modules of a long one. */
export const CLI_COMMANDS: Record<string, () => Promise<CliCommand>> = {
  serve: async () => (await import('./serve.ts')).serve,
  get: async () => (await import('./get.ts')).get,
  parse: async () => (await import('./parse.ts')).parse,
  engines: async () => (await import('./engines.ts')).engines,
  replay: async () => (await import('./replay.ts')).replay,
  trace: async () => (await import('./trace.ts')).trace,
  store: async () => (await import('./store.ts')).store,
  people: async () => (await import('./people.ts')).people,
  secrets: async () => (await import('./secrets.ts')).secrets,
  operator: async () => (await import('./operator.ts')).operator,
};
