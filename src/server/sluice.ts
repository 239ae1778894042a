/** The composition root: the only place that knows both sessions and engines. */
import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { nanoid } from 'nanoid';
import { systemClock } from '#lib/actors/durable/clock.ts';
import { define, type EmbeddedHost } from '#lib/actors/durable/host.server.ts';
import type { EmbeddedStub } from '#lib/actors/durable/types.ts';
import type { SessionEnv } from '#lib/actors/session/env.ts';
import { SessionActor } from '#lib/actors/session/session-actor.ts';
import { type Allowed, parseAllowPrivate, refusedLiteral } from '#lib/guard/policy.ts';
import { instanceKey } from '#lib/process/instance-key.server.ts';
import type { Registry } from '#lib/annie/registry.ts';
import { createRunner, type Runner } from '#lib/runner/runner.ts';
import { OperatorAuth } from '#lib/channel/operator.ts';
import { SessionLinks } from '#lib/channel/session-link.ts';
import { loadTokenKey } from '#lib/channel/token-key.server.ts';
import { Tokens } from '#lib/channel/token.ts';
import type { Inspector } from '#lib/inspector/inspector.ts';
import { MachineTap } from '#lib/inspector/taps/machines.ts';
import { RunnerTap } from '#lib/inspector/taps/runner.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { RunnerPort } from '#lib/protocol/runner.ts';
import { checkUrl } from '#lib/protocol/url.ts';
import { EndsFile } from '#lib/watchdog/ends-file.server.ts';
import { outsideJobs, withinJob } from '#lib/watchdog/job-context.ts';
import { type Config, ConfigError } from './config.ts';
import { type Engines, startEngines } from './engines.ts';
import { createInspector } from './inspection.ts';
import type { Logger } from './log.ts';
import { makeDir } from './make-dir.ts';
import { StoredSessions } from './stored-sessions.ts';
import { openState, type State } from './state.ts';

const SESSION = 'session';
const ID_CHARACTERS = 12;
/** Of the 10 s that a stop may take; engines are killed after 3.5. */
const RUNNER_CLOSE_MS = 6000;
/** Sessions that are woken together at the start. */
const WAKE_BATCH = 100;

export interface Sluice {
  readonly config: Config;
  readonly sessions: { get(id: string): EmbeddedStub<SessionActor> };
  readonly registry: Registry;
  readonly runner: Runner;
  readonly tokens: Tokens;
  readonly operators: OperatorAuth;
  readonly sessionLinks: SessionLinks;
  readonly sessionList: StoredSessions;
  readonly inspector: Inspector;
  readonly host: EmbeddedHost;
  /** Why this process should get no requests now; empty = it is ready. */
  reasonsNotReady(): string[];
  /** `close` was called: nothing new is begun. */
  readonly isStopping: boolean;
  /**
   * Goes on with what an earlier process was doing. To be called once people are answered: engines that start all at
   * once, a second of CPU for each yt-dlp, would make them wait.
   */
  goOn(): Promise<void>;
  /** Ends engines, lets turns end, commits, and lets go of the data dir. Downloads go on at the next start. */
  close(): Promise<void>;
}

export interface SluiceOptions {
  config: Config;
  log: Logger;
  /** Where state is kept, when not in the data dir: `sluice get` has a private one. Engines are still found there. */
  stateDir?: string;
}

/**
 * Opens the state, and ends what an earlier process left running.
 * @throws SluiceError `data_dir_busy`, `store_*`, `disk_*`
 * @throws ConfigError for SLUICE_ALLOW_PRIVATE
 */
export async function createSluice({
  config,
  log,
  stateDir = config.dataDir,
}: SluiceOptions): Promise<Sluice> {
  const allowPrivate = readAllowPrivate(config.allowPrivate);
  makeDir(stateDir, 'SLUICE_DATA_DIR', 0o700);
  makeDir(config.downloadDir, 'SLUICE_DOWNLOAD_DIR');
  warnOfDownloadDir(config, log);
  const taps = { machines: new MachineTap(), wire: new RunnerTap() };
  const port = new LateRunner(taps.wire);
  const ends = new EndsFile(stateDir, (error) =>
    log.warn('what the watchdog notes cannot be kept', { error }),
  );
  // First of all: it takes the lock on the data dir.
  const state = openState({
    dir: stateDir,
    hasReserve: stateDir === config.dataDir,
    classes: (room) => ({
      [SESSION]: define(SessionActor, sessionEnv(config, allowPrivate, port, room, taps.machines, ends)),
    }),
    onError: (error, actor) => log.error('inside the session host', { actor: actor?.id, error }),
  });
  const { host } = state;
  // With the lock, and before a session can wake: alarms ring from the next turn of the loop on.
  ends.open();
  for (const session of ends.sessions) {
    const downloads = ends.of(session);
    log.warn('set aside: at three ends in a row the server worked for it', { session, downloads });
  }
  const sessions = { get: (id: string) => host.get<SessionActor>(SESSION, id) };
  let engines: Engines | null = null;
  let runner: Runner | null = null;
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    // An engine that cannot be ended must not keep what is stored from being closed in good order.
    await Promise.race([runner?.close(), delay(RUNNER_CLOSE_MS)]);
    await state.close();
    await engines?.close();
  };
  try {
    const key = loadTokenKey(stateDir);
    engines = await startEngines({ config, allowPrivate, stateDir, log });
    const { registry } = engines;
    runner = createRunner({
      registry,
      downloadDir: config.downloadDir,
      instance: instanceKey(join(stateDir, 'run')),
      maxActive: config.maxActive,
      stallMs: config.stallMs,
      // Sessions in the same process are never out of reach.
      leaseMs: Infinity,
      onEvents: (session, events) => {
        taps.wire.recordEvents(session, events);
        // What a session does with them is the work of no job.
        const told = outsideJobs(() => sessions.get(session).call('runnerEvents', events));
        told.catch((error: unknown) => log.warn('a session did not take runner events', { session, error }));
      },
      log: (message, details) => log.warn(message, details),
      within: ({ session, download, url }, work) =>
        withinJob({ session, download, site: URL.parse(url)?.host ?? null }, work),
    });
    port.connect(runner);
    const running = runner;
    const inspector = createInspector({
      config,
      host,
      sessionClass: SESSION,
      sessions,
      engines,
      runner,
      ...taps,
    });
    return {
      config,
      sessions,
      registry,
      runner,
      tokens: new Tokens(key),
      operators: new OperatorAuth(key),
      sessionLinks: new SessionLinks(key),
      sessionList: new StoredSessions(host, SESSION),
      inspector,
      host,
      reasonsNotReady: () => (closing ? ['Sluice is stopping.'] : state.reasonsNotReady()),
      get isStopping() {
        return closing !== null;
      },
      goOn: () => goOn(host, sessions, running, ends, log),
      close: () => {
        inspector.close();
        return (closing ??= close());
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Sessions can be woken by an alarm before the runner is there: what they ask for meanwhile is kept. */
class LateRunner implements RunnerPort {
  #waiting: Parameters<RunnerPort['send']>[] = [];
  #runner: RunnerPort | null = null;
  readonly #tap: RunnerTap;

  constructor(tap: RunnerTap) {
    this.#tap = tap;
  }

  send(...command: Parameters<RunnerPort['send']>): void {
    this.#tap.recordCommand(...command);
    if (this.#runner) this.#runner.send(...command);
    else this.#waiting.push(command);
  }

  connect(runner: RunnerPort): void {
    this.#runner = runner;
    for (const command of this.#waiting.splice(0)) runner.send(...command);
  }
}

function sessionEnv(
  config: Config,
  allowed: readonly Allowed[],
  runner: RunnerPort,
  { checkRoom }: Pick<State, 'checkRoom'>,
  machines: MachineTap,
  ends: EndsFile,
): SessionEnv {
  return {
    runner,
    checkRoom,
    setAside: (session) => ends.of(session),
    clock: systemClock,
    newId: () => nanoid(ID_CHARACTERS),
    random: Math.random,
    checkUrl(text) {
      const url = checkUrl(text);
      if (refusedLiteral(url, allowed)) throw new SluiceError('address_refused');
      return text.trim();
    },
    throttleMs: config.throttleMs,
    maxActive: config.maxActivePerSession,
    machinesStarted: (session, root) => machines.onStarted(session, root),
  };
}

/**
 * Sessions that were at work when the process ended hold an alarm, and go on by themselves once they are in memory:
 * the soonest alarm first. Then each is told what lies in the download dir of it (docs/adr/004, 010).
 */
async function goOn(
  host: EmbeddedHost,
  sessions: Sluice['sessions'],
  runner: Runner,
  ends: EndsFile,
  log: Logger,
): Promise<void> {
  const onError = (error: unknown, of: object = {}): void => {
    // Closing while it wakes is no failure.
    if ((error as Partial<SluiceError>).code !== 'not_ready')
      log.error('going on after the start', { ...of, error });
  };
  const ids = [...new Set([...host.alarmed(SESSION), ...ends.sessions])];
  for (let at = 0; at < ids.length; at += WAKE_BATCH) {
    // One that cannot wake (its rows are of a newer Sluice, say) keeps none of the others.
    const waking = ids.slice(at, at + WAKE_BATCH).map(async (id) => {
      try {
        await sessions.get(id).call('wake');
        ends.stored(id);
      } catch (error) {
        onError(error, { session: id });
      }
    });
    await Promise.all(waking);
  }
  await runner.report().catch(onError);
}

function readAllowPrivate(text: string): Allowed[] {
  try {
    return parseAllowPrivate(text);
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}

/** What is stored can be looked at all the same: a disk may be writable again at any time. */
function warnOfDownloadDir({ downloadDir }: Config, log: Logger): void {
  try {
    accessSync(downloadDir, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    log.warn('SLUICE_DOWNLOAD_DIR cannot be written: downloads will fail until it can', {
      downloadDir,
      code,
    });
  }
}

/** Waits, but does not keep the process. */
function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
