import { TokenKeyError } from '#lib/channel/token-key.server.ts';
import { paths } from '#lib/protocol/paths.ts';
import { type Config, ConfigError, isLoopback } from '../server/config.ts';
import { createLogger, type Logger } from '../server/log.ts';
import { type RunningServer, startServer } from '../server/server.ts';
import type { Sluice } from '../server/sluice.ts';
import { VERSION } from '../server/version.ts';
import type { CliCommand, Io } from './command.ts';
import { engineLines } from './engine-lines.ts';

/** How long closing may take (contract: 10 s); the next start cleans up what is left. */
const CLOSE_MS = 9000;

export const serve: CliCommand = {
  synopsis: '[--new-store]',
  summary: 'Serves the page and the API, by default on http://127.0.0.1:3000.',
  help: `
SLUICE_HOST and SLUICE_PORT say where, SLUICE_DOWNLOAD_DIR where files go, SLUICE_DATA_DIR where state is kept.
When others than this machine shall reach it, SLUICE_ORIGINS has to name the origins under which they do, and
SLUICE_AUTH who they may be: password (people sign in on the page), proxy (a proxy in front says who it is), oidc (they
sign in with a service such as Authelia or Keycloak), or none:
SLUICE_HOST=0.0.0.0 SLUICE_ORIGINS=http://nas.local:3000 SLUICE_AUTH=password sluice serve

  --new-store   begins a new store where that of the data folder is missing or damaged; what there was is kept`,
  options: { 'new-store': { type: 'boolean' } },
  arguments: { min: 0, max: 0 },
  async run(_positionals, values, io) {
    const config = io.config();
    const log = createLogger(config.logLevel, (line) => io.stderr.write(line));
    const interrupted = new Promise<NodeJS.Signals>((resolve) => io.onInterrupt(resolve));
    const server = await start(config, log, values['new-store'] === true);
    printStartup(server, io);
    log.info('stopping', { signal: await interrupted });
    return stop(server, log);
  },
};

/** @throws ConfigError for what a person can mend */
async function start(config: Config, log: Logger, newStore: boolean): Promise<RunningServer> {
  try {
    return await startServer(config, log, { newStore });
  } catch (error) {
    if (error instanceof TokenKeyError) throw new ConfigError(error.message);
    const place = `${config.host}, port ${config.port}`;
    const { code, syscall } = error as NodeJS.ErrnoException;
    switch (code) {
      case 'EADDRINUSE':
        throw new ConfigError(`${place} is taken by another program: end it, or set SLUICE_PORT.`);
      case 'EACCES':
        throw new ConfigError(
          syscall === 'listen'
            ? `Listening on ${place} is not allowed: set SLUICE_PORT to 1024 or more.`
            : `${config.dataDir} may not be used by this user: run Sluice as the user it belongs to, or set SLUICE_DATA_DIR.`,
        );
      case 'EADDRNOTAVAIL':
      case 'ENOTFOUND':
        throw new ConfigError(
          `SLUICE_HOST is ${JSON.stringify(config.host)}: that is no address of this machine.`,
        );
      case 'data_dir_busy':
        throw new ConfigError(`${config.dataDir} is used by another Sluice: end it, or set SLUICE_DATA_DIR.`);
      default:
        throw error;
    }
  }
}

function printStartup({ url, sluice, firstLink }: RunningServer, io: Io): void {
  const { config } = sluice;
  io.stdout.write(`Sluice ${VERSION} listens on ${url}\n`);
  if (!isLoopback(config.host)) {
    io.stdout.write(
      config.origins.length === 0
        ? `SLUICE_HOST is ${config.host}, but SLUICE_ORIGINS is not set: only this machine is answered. ` +
            `Name the origins that others use, for example SLUICE_ORIGINS=http://nas.local:${new URL(url).port}\n`
        : `It answers to ${config.origins.join(', ')} (SLUICE_ORIGINS) and to this machine.\n`,
    );
  }
  io.stdout.write(whoMayUseIt(sluice));
  const address = config.origins[0] ?? url;
  const { issuer } = sluice.auth;
  if (issuer !== null)
    io.stdout.write(
      `People sign in with ${issuer.name}, which has to send them back to ${address}${paths.signInPage}\n`,
    );
  if (firstLink !== null) {
    const first = new URL(firstLink, address).href;
    io.stdout.write(
      issuer === null
        ? `Nobody can sign in yet. The first person sets a password here, as operator: ${first}\n`
        : `Nobody has signed in yet. Who signs in by this link becomes the operator: ${first}\n`,
    );
  }
  io.stdout.write(`Downloads go to ${config.downloadDir}\n`);
  // Not awaited: asking engines for their versions starts processes.
  void sluice.registry.statuses().then((statuses) => {
    io.stdout.write(engineLines(statuses, sluice.sandbox).join(''));
  });
}

/** Where nobody has said it. */
function whoMayUseIt({ config, auth }: Sluice): string {
  if (config.auth !== null) return '';
  if (auth.mode === 'password')
    return 'People sign in, as this is a container (SLUICE_AUTH=password). SLUICE_AUTH=none: whoever reaches it may use it.\n';
  const others = config.origins.filter((origin) => !isLoopback(new URL(origin).hostname));
  return others.length === 0
    ? ''
    : `Whoever reaches ${others.join(', ')} may use it (SLUICE_AUTH=none). So that people sign in: SLUICE_AUTH=password\n`;
}

async function stop(server: RunningServer, log: Logger): Promise<number> {
  const late = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), CLOSE_MS).unref());
  const ended = await Promise.race([server.close(), late]);
  if (ended !== 'late') return 0;
  log.error('not everything ended in time: the next start takes care of the rest');
  return 1;
}
