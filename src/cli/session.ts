/** A session for one run of the command: in this process, or on a server. */
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Channel, createChannel } from '#lib/channel/client/channel.ts';
import type { Snapshot, Update } from '#lib/protocol/channel.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { paths } from '#lib/protocol/paths.ts';
import type { Problem } from '#lib/protocol/problem.ts';
import { type Config, ConfigError } from '../server/config.ts';
import { createSluice, type Sluice } from '../server/sluice.ts';
import type { Logger } from '../server/log.ts';
import { UsageError } from './command.ts';
import { type ApiGet, createApiGet } from './api-get.ts';
import { inProcessSocketTo } from './in-process-socket.ts';

export interface CliSession {
  channel: Channel;
  apiGet: ApiGet;
  close(): Promise<void>;
}

type OnMessage = (message: Snapshot | Update) => void;

/** The id of the one session of the host in this process. */
const OWN_SESSION = 'cli';
/** Longer than a listing takes on a busy server. */
const READ_MS = 10_000;

/** Hosts a session with a temporary state dir; engines are found where the server has them. */
export async function openOwnSession(config: Config, log: Logger, onMessage: OnMessage): Promise<CliSession> {
  const stateDir = await makeStateDir();
  // For a second Ctrl+C, which ends the process at once.
  const removeNow = (): void => rmSync(stateDir, { recursive: true, force: true });
  process.once('exit', removeNow);
  const removeDir = async (): Promise<void> => {
    await rm(stateDir, { recursive: true, force: true });
    process.off('exit', removeNow);
  };
  let sluice: Sluice;
  try {
    sluice = await createSluice({ config, log, stateDir });
  } catch (error) {
    await removeDir();
    throw error;
  }
  const session = sluice.sessions.get(OWN_SESSION);
  const channel = createChannel({
    url: 'ws://in-process/',
    WebSocket: inProcessSocketTo(session),
    onMessage,
  });
  return {
    channel,
    apiGet: createApiGet((path) => session.fetch(new Request(`http://in-process${path}`))),
    async close() {
      channel.close();
      await sluice.close();
      await removeDir();
    },
  };
}

/** @throws ConfigError */
async function makeStateDir(): Promise<string> {
  try {
    return await mkdtemp(join(tmpdir(), 'sluice-get-'));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError(
      `${tmpdir()} takes no temporary folder (${code}): set TMPDIR to one that is there and may be written.`,
    );
  }
}

/**
 * A new session on a server.
 * @param onLost called once each time the connection is lost, not for each failed reconnect
 * @throws UsageError; SluiceError `connect_failed` and the server's error
 */
export async function openSessionAt(
  server: string,
  onMessage: OnMessage,
  onLost: () => void = () => {},
): Promise<CliSession> {
  const base = URL.parse(server);
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw new UsageError(
      `--server takes the address of a Sluice, such as http://127.0.0.1:3000, not ${server}.`,
    );
  }
  const headers = { authorization: `Bearer ${await requestToken(base)}` };
  const url = new URL(paths.channel, base);
  url.protocol = base.protocol === 'https:' ? 'wss:' : 'ws:';
  let isLost = false;
  const channel = createChannel({
    url: url.href,
    WebSocket: socketWith(headers),
    onMessage,
    onState({ state }) {
      if (state === 'waiting' && !isLost) onLost();
      if (state === 'waiting') isLost = true;
      else if (state === 'live') isLost = false;
    },
  });
  return {
    channel,
    apiGet: createApiGet((path) =>
      fetch(new URL(path, base), { headers, signal: AbortSignal.timeout(READ_MS) }),
    ),
    close: async () => channel.close(),
  };
}

async function requestToken(base: URL): Promise<string> {
  let response: Response;
  try {
    response = await fetch(new URL(paths.sessions, base), { method: 'POST' });
  } catch (cause) {
    throw new SluiceError('connect_failed', `There is no Sluice at ${base.origin}.`, { cause });
  }
  const body = (await response.json().catch(() => ({}))) as Partial<Problem> & { token?: string };
  if (response.status === 201 && body.token !== undefined) return body.token;
  throw new SluiceError(body.code ?? 'remote_status', body.detail ?? `${base.origin} is no Sluice.`);
}

/** Node's WebSocket takes headers, unlike a browser's: the token goes there, as a program has no cookie. */
function socketWith(headers: Record<string, string>): typeof WebSocket {
  return class extends WebSocket {
    constructor(url: string, protocols: string[]) {
      super(url, { protocols, headers } as never);
    }
  } as unknown as typeof WebSocket;
}
