/** The server process: HTTP, the channel, and the shutdown of both. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Admission } from '#lib/channel/admission.ts';
import { Connections } from '#lib/channel/connections.ts';
import {
  type UpgradeHandler,
  handleRequest,
  refuse,
  refuseUnknownUpgrade,
  sendAnswer,
  dispatchUpgrade,
} from '#lib/channel/front.server.ts';
import type { Edge } from '#lib/channel/edge.ts';
import { PROTOCOL_HEADER } from '#lib/channel/headers.ts';
import { mountEdge } from '#lib/channel/mount.ts';
import { AllowedOrigins } from '#lib/channel/origin.ts';
import { Passwords } from '#lib/channel/people/passwords.ts';
import { SignInLimits } from '#lib/channel/people/sign-in-limits.ts';
import { createChannelEndpoint } from '#lib/channel/socket.server.ts';
import { Files } from '#lib/files/files.server.ts';
import { refuseUpgrade } from '#lib/channel/web-socket-endpoint.server.ts';
import { Listeners } from '#lib/protocol/listeners.ts';
import { createInspectorEndpoint } from '#lib/inspector/socket.server.ts';
import { describeSandbox } from '#lib/process/sandbox/sandbox.ts';
import { paths } from '#lib/protocol/paths.ts';
import { problemAnswer } from '#lib/protocol/problem.ts';
import { historyPathIn } from '#lib/watchdog/termination-history-file.server.ts';
import { startWatchdog, type Watchdog } from '#lib/watchdog/watchdog.server.ts';
import type { Config } from './config.ts';
import { createSluice, type Sluice, type SluiceOptions } from './sluice.ts';
import type { Logger } from './log.ts';
import { controlCalls, openControl } from './control.ts';
import { useOf } from './people-use.ts';
import { firstLink, peopleCall, startPeople } from './people.ts';
import { loadPage, type PageHandler } from './page.ts';
import { settingsOf } from './settings-view.ts';
import { VERSION } from './version.ts';

/** Limit for receiving a whole request; bodies are at most 64 KiB. */
const REQUEST_MS = 30_000;
/** Limit for receiving a request's head: a slow line takes a second. Checked every second. */
const HEAD_MS = 10_000;
/** Longer than the usual 60 s of a reverse proxy, so that the proxy closes idle connections first. */
const KEEP_ALIVE_MS = 65_000;

/** Beside this file in the sources, beside the bundle in the build. */
const WATCHDOG_THREAD = new URL(
  import.meta.url.endsWith('.ts') ? 'watchdog-thread.ts' : 'watchdog-thread.js',
  import.meta.url,
);

export interface RunningServer {
  /** Its address for a browser on this machine. */
  url: string;
  sluice: Sluice;
  /** Path of the link with which the first person sets a password; null = there is one, or nobody signs in. */
  firstLink: string | null;
  /** Reports not ready, closes sockets with 1012, stops engines, commits, closes connections. */
  close(): Promise<void>;
}

/**
 * @throws ConfigError, SluiceError as `createSluice`
 * @throws Error with code EADDRINUSE, EACCES or EADDRNOTAVAIL when it cannot listen
 */
export async function startServer(
  config: Config,
  log: Logger,
  options: Pick<SluiceOptions, 'newStore'> = {},
): Promise<RunningServer> {
  const [{ sluice, watchdog }, page] = await Promise.all([
    createWatched(config, log, options),
    loadPage(PROTOCOL_HEADER),
  ]);
  const server = createServer({
    requestTimeout: REQUEST_MS,
    headersTimeout: HEAD_MS,
    connectionsCheckingInterval: 1_000,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  try {
    const port = await listen(server, config);
    const edge = edgeOf(sluice, port, log);
    const sockets = openSockets(edge, sluice);
    const unmount = mountEdge(edge);
    const control = await openControl(
      config.dataDir,
      { ...controlCalls(sluice), people: peopleCall(edge) },
      log,
    );
    serve(
      server,
      edge,
      new Connections(sluice.quota, sluice.owners, sluice.tokens),
      sockets.endpoints,
      page,
      log,
    );
    logSandbox(sluice, log);
    void sluice.resume();
    await startPeople(edge, (list) => sluice.sessionList.ownOf(list));
    return {
      url: `http://${urlHost(config.host)}:${port}`,
      sluice,
      firstLink: await firstLink(edge),
      close: async () => {
        control.close();
        await close(server, sockets, sluice, unmount);
        await watchdog.close();
      },
    };
  } catch (error) {
    await sluice.close();
    await watchdog.close();
    throw error;
  }
}

function logSandbox({ sandbox }: Sluice, log: Logger): void {
  const level = describeSandbox(sandbox);
  if (sandbox.level === 'full') log.info('engines are contained', { level });
  else log.warn('engines are not fully contained', { level });
}

/**
 * The watchdog thread starts while the store opens, and watches from then on: an upgrade or a long WAL may rightly block the
 * event loop, the first engine of a resumed download may not.
 */
async function createWatched(
  config: Config,
  log: Logger,
  options: Pick<SluiceOptions, 'newStore'>,
): Promise<{ sluice: Sluice; watchdog: Watchdog }> {
  const watchdog = startWatchdog({
    program: WATCHDOG_THREAD,
    historyPath: historyPathIn(config.dataDir),
    logLevel: config.logLevel,
    onError: (error) => log.error('the watchdog is gone: nobody ends a server that is blocked', { error }),
  });
  try {
    const sluice = await createSluice({ config, log, onStoreOpen: () => watchdog.watch(), ...options });
    return { sluice, watchdog };
  } catch (error) {
    await watchdog.close();
    throw error;
  }
}

export function edgeOf(sluice: Sluice, port: number, log: Logger): Edge {
  const { config, inspector, operators, sessionLinks, sessionList } = sluice;
  return {
    tokens: sluice.tokens,
    visitors: sluice.visitors,
    origins: new AllowedOrigins(config.host, port, config.origins),
    session: (id) => sluice.sessions.get(id),
    people: {
      auth: sluice.auth.mode,
      proxy: sluice.auth.proxy,
      issuer: sluice.auth.issuer,
      attempts: sluice.attempts,
      directory: sluice.sessions.directory,
      useOf: (account) => useOf(account, sluice),
      passwords: new Passwords(),
      limits: new SignInLimits(sluice.quota),
      known: sluice.knownBrowsers,
      log: (event, of) => log.info(event, of),
    },
    withdrawals: new Listeners(),
    engines: () => sluice.registry.statuses(),
    settings: {
      version: VERSION,
      settings: settingsOf(config, sluice.auth.mode, process.env),
      sandbox: describeSandbox(sluice.sandbox),
    },
    files: new Files(config.downloadDir),
    inspector: {
      isEnabled: config.inspector,
      operatorAuth: operators,
      trace: (download, session) => inspector.trace(download, session),
      onSignIn: () => log.info('an operator signed in to the inspector'),
    },
    secrets: sluice.secrets,
    storedSessions: {
      links: sessionLinks,
      summary: (session) => sessionList.summary(session),
      all: (prefix, limit) => sessionList.all(prefix, limit),
      onLinkOpened: (session) =>
        log.info('a link of the operator opened a session in a browser', { session }),
    },
    reasonsNotReady: () => sluice.reasonsNotReady(),
    isStopping: () => sluice.isStopping,
  };
}

export interface Sockets {
  endpoints: Record<string, UpgradeHandler>;
  close(): Promise<void>;
}

/** The WebSocket endpoints, by path. */
export function openSockets(edge: Edge, { inspector }: Sluice): Sockets {
  const channel = createChannelEndpoint(edge);
  const inspectors = createInspectorEndpoint(edge, inspector);
  edge.withdrawals.add(() => {
    channel.closeWithdrawn();
    inspectors.closeWithdrawn();
  });
  return {
    endpoints: { [paths.channel]: channel, [paths.inspectorChannel]: inspectors },
    async close() {
      void inspectors.close();
      await channel.close();
    },
  };
}

function serve(
  server: Server,
  edge: Edge,
  connections: Connections,
  endpoints: Sockets['endpoints'],
  page: PageHandler,
  log: Logger,
): void {
  const admission = new Admission();
  server.on('connection', (socket) => {
    admission.connectionOpened();
    connections.opened(socket);
  });
  server.on('request', (request, response) => {
    try {
      connections.check(request);
    } catch (error) {
      return refuse(response, error);
    }
    if (handleRequest(request, response, edge, admission)) void answerPage(request, response, page, log);
  });
  server.on('upgrade', (request, socket, head) => {
    try {
      connections.check(request);
      edge.visitors.request(request, false);
      edge.people.proxy?.check(request, edge);
      if (!dispatchUpgrade(endpoints, request, socket, head)) refuseUnknownUpgrade(socket);
    } catch (error) {
      refuseUpgrade(socket, error);
    }
  });
}

/** Never rejects. The handler may throw at once as well: outside of a promise that would end the process. */
async function answerPage(
  request: IncomingMessage,
  response: ServerResponse,
  page: PageHandler,
  log: Logger,
): Promise<void> {
  // Its file server leaves a file open whose reader has gone: one descriptor for each.
  response.once('pipe', (file) => {
    if (response.closed) file.destroy();
    else response.once('close', () => file.destroy());
  });
  try {
    await page(request, response);
  } catch (error) {
    log.error('answering a request', { path: request.url?.split('?', 1)[0], error });
    if (response.headersSent) response.destroy();
    else sendAnswer(response, problemAnswer(error));
  }
}

function listen(server: Server, { host, port }: Config): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

async function close(server: Server, sockets: Sockets, sluice: Sluice, unmount: () => void): Promise<void> {
  // `reasonsNotReady` reports it from here on.
  const stopped = sluice.close();
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await Promise.all([sockets.close(), stopped]);
  server.closeAllConnections();
  await closed;
  unmount();
}

/** The wildcard address is no address to connect to. */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
