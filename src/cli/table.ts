import type { Command } from './command.ts';

/** Loaded when asked for, so that a short command does not wait for the parts of a long one. */
export const COMMANDS: Record<string, () => Promise<Command>> = {
  serve: async () => (await import('./serve.ts')).serve,
  get: async () => (await import('./get.ts')).get,
  parse: async () => (await import('./parse.ts')).parse,
  engines: async () => (await import('./engines.ts')).engines,
  replay: async () => (await import('./replay.ts')).replay,
  trace: async () => (await import('./trace.ts')).trace,
  store: async () => (await import('./store.ts')).store,
  operator: async () => (await import('./operator.ts')).operator,
};
