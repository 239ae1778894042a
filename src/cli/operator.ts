import { Operators } from '#lib/channel/operator.ts';
import { readTokenKey, TokenKeyError } from '#lib/channel/token-key.server.ts';
import { ConfigError } from '../config.ts';
import { type Command, textOf, UsageError } from './command.ts';

export const operator: Command = {
  synopsis: '[--server URL]',
  summary: 'Prints a link to the inspector, with every session in it; for ten minutes.',
  help: `
Whoever opens the link sees the downloads of everybody, for twelve hours: keep it to yourself.
It is for the server with the same SLUICE_DATA_DIR, running or not.

  --server URL   where that server is reached, when that is not SLUICE_ORIGINS or this machine`,
  options: { server: { type: 'string' } },
  arguments: { min: 0, max: 0 },
  async run(_positionals, values, io) {
    const { dataDir, origins, port } = io.config();
    const server = textOf(values, 'server') ?? origins[0] ?? `http://127.0.0.1:${port}`;
    if (!URL.canParse(server)) throw new UsageError('--server takes the address of a server.');
    if (port === 0 && textOf(values, 'server') === undefined) {
      throw new UsageError('SLUICE_PORT is 0: say with --server where the server listens.');
    }
    const key = keyIn(dataDir);
    if (key === null) {
      io.stderr.write(
        `sluice: there is no key in ${dataDir}: start sluice serve once, or set SLUICE_DATA_DIR.\n`,
      );
      return 1;
    }
    io.stdout.write(`${new URL(new Operators(key).link(), server).href}\n`);
    return 0;
  },
};

/** @throws ConfigError for one that cannot be used */
function keyIn(dataDir: string): Uint8Array | null {
  try {
    return readTokenKey(dataDir);
  } catch (error) {
    if (error instanceof TokenKeyError) throw new ConfigError(error.message);
    throw error;
  }
}
