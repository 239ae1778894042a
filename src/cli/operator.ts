import { OperatorAuth } from '#lib/channel/operator.ts';
import { SessionLinks } from '#lib/channel/session-link.ts';
import { readTokenKey, TokenKeyError } from '#lib/channel/token-key.server.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { paths } from '#lib/protocol/paths.ts';
import type { SessionList } from '#lib/protocol/session.ts';
import { type Config, ConfigError } from '../server/config.ts';
import { createApiGet } from './api-get.ts';
import { type CliCommand, type Io, textOption, UsageError, type Values } from './command.ts';
import { sessionLines } from './session-lines.ts';

/** Longer than a listing takes on a busy server. */
const READ_MS = 10_000;

export const operator: CliCommand = {
  synopsis: '[sessions] [--session=ID] [--server URL] [--json]',
  summary:
    "Prints a link to the inspector, with every session in it; or one that opens a browser's lost list again.",
  help: `
sluice operator                a link to the inspector. It works once, for ten minutes. Whoever opens it sees the
                               downloads of everybody, for twelve hours: keep it to yourself.
sluice operator sessions       lists the sessions that have downloads: id, how many, the newest one
sluice operator --session=ID   a link that opens this session's list in a browser, in place of the one that is there.
                               It works once, for ten minutes, until the server is started again; the browser asks
                               before it does so. The beginning of an id will do.

It is for the server with the same SLUICE_DATA_DIR; links that were made before that was started do not work.

  --server URL   where that server is reached, when that is not SLUICE_ORIGINS or this machine. A list is opened
                 under this address: it has to be the one that the browser uses
  --json         the sessions as one line of JSON`,
  options: { server: { type: 'string' }, session: { type: 'string' }, json: { type: 'boolean' } },
  arguments: { min: 0, max: 1 },
  async run([verb], values, io) {
    if (verb !== undefined && verb !== 'sessions') throw new UsageError('Say: sluice operator sessions');
    const prefix = textOption(values, 'session');
    if (verb !== undefined && prefix !== undefined) throw new UsageError('Say either sessions or --session.');
    const config = io.config();
    const server = publicAddress(values, config);
    const key = readKey(config.dataDir);
    if (key === null) {
      io.stderr.write(
        `sluice: there is no key in ${config.dataDir}: start sluice serve once, or set SLUICE_DATA_DIR.\n`,
      );
      return 1;
    }
    if (verb === 'sessions') return printSessions(await fetchSessions(key, '', values, config), values, io);
    if (prefix !== undefined) {
      const session = pickSession(await fetchSessions(key, prefix, values, config), prefix);
      return print(new URL(new SessionLinks(key).link(session), server).href, io);
    }
    return print(new URL(new OperatorAuth(key).link(), server).href, io);
  },
};

function print(line: string, io: Io): number {
  io.stdout.write(`${line}\n`);
  return 0;
}

function printSessions(list: SessionList, values: Values, io: Io): number {
  if (values['json'] === true) return print(JSON.stringify(list), io);
  for (const line of sessionLines(list)) io.stdout.write(`${line}\n`);
  return 0;
}

/** The address under which people reach the server. */
export function publicAddress(values: Values, { origins, port }: Config): string {
  const given = textOption(values, 'server');
  if (given !== undefined && !URL.canParse(given))
    throw new UsageError('--server takes the address of a server.');
  if (port === 0 && given === undefined) {
    throw new UsageError('SLUICE_PORT is 0: say with --server where the server listens.');
  }
  return given ?? origins[0] ?? localAddress(port);
}

/** This command's own requests go here, and not to SLUICE_ORIGINS, where a proxy may want a login. */
function localAddress(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** @throws SluiceError `connect_failed`, `unauthorized` for a server with another key */
async function fetchSessions(
  key: Uint8Array,
  prefix: string,
  values: Values,
  { port, dataDir }: Config,
): Promise<SessionList> {
  const base = textOption(values, 'server') ?? localAddress(port);
  const headers = { authorization: new OperatorAuth(key).authorization() };
  const apiGet = createApiGet((path) =>
    fetch(new URL(path, base), { headers, signal: AbortSignal.timeout(READ_MS) }),
  );
  try {
    return await apiGet<SessionList>(`${paths.operatorSessions}?${new URLSearchParams({ id: prefix })}`);
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    const { code, cause } = thrown;
    if (code === 'connect_failed') {
      throw new SluiceError(code, `There is no Sluice at ${base}: start it, or name it with --server.`, {
        cause,
      });
    }
    if (code !== 'unauthorized') throw thrown;
    throw new SluiceError(
      code,
      `The Sluice at ${base} has not the key in ${dataDir}: set SLUICE_DATA_DIR to its own.`,
    );
  }
}

/** @throws SluiceError `not_found`, also when several ids begin with `prefix` */
function pickSession({ sessions }: SessionList, prefix: string): string {
  const [only, another] = sessions;
  if (only !== undefined && (another === undefined || only.id === prefix)) return only.id;
  const quoted = JSON.stringify(prefix.slice(0, 32));
  throw new SluiceError(
    'not_found',
    only === undefined
      ? `No session with downloads begins with ${quoted}. Those there are: sluice operator sessions`
      : `More than one session begins with ${quoted}: give more of it.`,
  );
}

/** @throws ConfigError for a key that cannot be used */
function readKey(dataDir: string): Uint8Array | null {
  try {
    return readTokenKey(dataDir);
  } catch (error) {
    if (error instanceof TokenKeyError) throw new ConfigError(error.message);
    throw error;
  }
}
