/** The composition root: the only place that knows both sessions and engines. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '#lib/actors/durable/clock.ts';
import { define, type EmbeddedHost } from '#lib/actors/durable/host.server.ts';
import type { EmbeddedStub } from '#lib/actors/durable/types.ts';
import type { SessionEnv } from '#lib/actors/session/env.ts';
import { SessionActor } from '#lib/actors/session/session-actor.ts';
import { type AllowEntry, parseAllowPrivate, isRefusedLiteral } from '#lib/guard/policy.ts';
import { instanceKey } from '#lib/process/instance-key.server.ts';
import type { Registry } from '#lib/annie/registry.ts';
import { Reachability } from '#lib/runner/reachability.ts';
import { Runner, type RunnerOptions } from '#lib/runner/runner.ts';
import { OperatorAuth } from '#lib/channel/operator.ts';
import { SessionLinks } from '#lib/channel/session-link.ts';
import { loadTokenKey } from '#lib/channel/token-key.server.ts';
import { Tokens } from '#lib/channel/token.ts';
import type { Inspector } from '#lib/inspector/inspector.ts';
import { MachineTap } from '#lib/inspector/taps/machines.ts';
import { RunnerTap } from '#lib/inspector/taps/runner.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { RunnerPort } from '#lib/protocol/runner.ts';
import { checkUrl, withScheme } from '#lib/protocol/url.ts';
import { TerminationHistoryFile } from '#lib/watchdog/termination-history-file.server.ts';
import { runOutsideJobs, runInJob } from '#lib/watchdog/job-context.ts';
import { type Config, ConfigError } from './config.ts';
import { TypedAddresses } from '#lib/annie/http/typed-addresses.ts';
import { type Engines, startEngines } from './engines.ts';
import { openDownloadRoot, withoutDiskWaits } from './download-root.ts';
import { createInspector } from './inspection.ts';
import type { Logger } from './log.ts';
import { DeferredRunner } from './deferred-runner.ts';
import { makeDir } from './make-dir.ts';
import { StoredSessions } from './stored-sessions.ts';
import { openLockedStore, type Store } from './store.ts';
import { prepareStore } from './store-presence.ts';

const SESSION = 'session';
/** Of a download: see `protocol/ids.ts`. */
const ID_BYTES = 8;
/** Of the 10 s that a stop may take; engines are killed after 3.5. */
const RUNNER_CLOSE_MS = 6000;
/** Look-ups at a time: more than a few slow servers hold up. Texts, readers and processes have limits of their own. */
const MAX_PARSING = 128;
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
  /** What `sluice store` asks of a running server. */
  readonly store: Pick<Store, 'check' | 'backup'>;
  /** Why this process should receive no requests now; empty = it is ready. */
  reasonsNotReady(): string[];
  /** `close` was called: no new work is accepted. */
  readonly isStopping: boolean;
  /**
   * Resumes the downloads of an earlier process. Call it once requests are served: many engines starting at once, a
   * second of CPU for each yt-dlp, would delay the first answers.
   */
  resume(): Promise<void>;
  /** Stops engines, finishes turns, commits and releases the data dir. Downloads resume at the next start. */
  close(): Promise<void>;
}

export interface SluiceOptions {
  config: Config;
  log: Logger;
  /** Where the store is, if not in the data dir, as for `sluice get`. Engines are installed in the data dir all the same. */
  stateDir?: string;
  /** Called once the store is open; no engine starts before it resolves. */
  onStoreOpen?: () => Promise<void>;
  /** A store that is missing or damaged is set aside, and a new one begun. */
  newStore?: boolean;
}

/**
 * Opens the store, and ends engines that an earlier process left running.
 * @throws SluiceError `data_dir_busy`, `store_*`, `disk_*`
 * @throws ConfigError for SLUICE_ALLOW_PRIVATE
 */
export async function createSluice({
  config,
  log,
  stateDir = config.dataDir,
  onStoreOpen = () => Promise.resolve(),
  newStore = false,
}: SluiceOptions): Promise<Sluice> {
  const allowPrivate = readAllowPrivate(config.allowPrivate);
  makeDir(stateDir, 'SLUICE_DATA_DIR', 0o700);
  const isTemporary = stateDir !== config.dataDir;
  const isNewStore = !existsSync(join(stateDir, 'sluice.db'));
  const taps = { machines: new MachineTap(), wire: new RunnerTap() };
  const port = new DeferredRunner(taps.wire);
  const typed = new TypedAddresses();
  const ends = new TerminationHistoryFile(stateDir, (error) =>
    log.warn('what the watchdog notes cannot be kept', { error }),
  );
  // First, because it takes the lock on the data dir.
  const store = openLockedStore({
    dir: stateDir,
    hasReserve: !isTemporary,
    // One for a single run was never used before.
    beforeOpen: (file) => !isTemporary && prepareStore(file, config, newStore, log),
    classes: (room) => ({
      [SESSION]: define(
        SessionActor,
        sessionEnv(config, allowPrivate, port, room, taps.machines, ends, typed),
      ),
    }),
    onError: (error, actor) => log.error('inside the session host', { actor: actor?.id, error }),
  });
  const { host } = store;
  // After the lock and before any session can wake: alarms fire from the next turn of the event loop on.
  ends.open();
  for (const session of ends.sessions) {
    const downloads = ends.downloadsSetAside(session);
    log.warn('set aside: at three ends in a row the server worked for it', { session, downloads });
  }
  const watching = onStoreOpen();
  const sessions = { get: (id: string) => host.get<SessionActor>(SESSION, id) };
  let engines: Engines | null = null;
  let runner: Runner | null = null;
  let closing: Promise<void> | null = null;
  const close = async (): Promise<void> => {
    // An engine that does not end must not keep the store from being closed cleanly.
    await Promise.race([runner?.close(), delay(RUNNER_CLOSE_MS, null, { ref: false })]);
    await store.close();
    await engines?.close();
  };
  try {
    const key = loadTokenKey(stateDir);
    const reachability = new Reachability();
    engines = await startEngines({ config, allowPrivate, stateDir, gate: reachability.dials, typed, log });
    const { registry, probe } = engines;
    const root = await openDownloadRoot({ config, dataDir: isTemporary ? null : stateDir, isNewStore, log });
    runner = new Runner({
      ...runnerOptions(config, log),
      root,
      registry,
      reachability,
      probe,
      instance: instanceKey(join(stateDir, 'run')),
      onEvents: (session, sent) => {
        // Nobody waits for a disk in front of a command.
        const events = isTemporary ? sent.map(withoutDiskWaits) : sent;
        taps.wire.recordEvents(session, events);
        // A session's turn is not part of the job that the watchdog would name.
        const handled = runOutsideJobs(() => sessions.get(session).call('runnerEvents', events));
        handled.catch((error: unknown) =>
          log.warn('a session did not take runner events', { session, error }),
        );
      },
    });
    await watching;
    port.connect(runner);
    const startedRunner = runner;
    const sessionList = new StoredSessions(host, SESSION);
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
      sessionList,
      inspector,
      host,
      store,
      reasonsNotReady: () => (closing ? ['Sluice is stopping.'] : store.reasonsNotReady()),
      get isStopping() {
        return closing !== null;
      },
      resume: () => resume(host, sessions, startedRunner, sessionList, ends, log),
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

function runnerOptions(
  { downloadDir, maxActive, stallMs }: Config,
  log: Logger,
): Omit<RunnerOptions, 'registry' | 'onEvents'> {
  return {
    downloadDir,
    maxActive,
    maxParsing: MAX_PARSING,
    stallMs,
    // Sessions run in this process, so none can be lost.
    leaseMs: Infinity,
    log: (message, details) => log.warn(message, details),
    runInJob: ({ session, download, url }, work) =>
      runInJob({ session, download, site: URL.parse(url)?.host ?? null }, work),
  };
}

function sessionEnv(
  config: Config,
  allowed: readonly AllowEntry[],
  runner: RunnerPort,
  { checkRoom }: Pick<Store, 'checkRoom'>,
  machines: MachineTap,
  ends: TerminationHistoryFile,
  typed: TypedAddresses,
): SessionEnv {
  return {
    runner,
    checkRoom,
    setAside: (session) => ends.downloadsSetAside(session),
    clock: systemClock,
    newId: () => randomBytes(ID_BYTES).toString('base64url'),
    random: Math.random,
    checkUrl(typedText) {
      const { text, isAdded } = withScheme(typedText);
      const url = checkUrl(text);
      if (isRefusedLiteral(url, allowed)) throw new SluiceError('address_refused');
      if (isAdded) typed.add(url);
      return text;
    },
    throttleMs: config.throttleMs,
    maxActive: config.maxActivePerSession,
    machinesStarted: (session, root) => machines.onStarted(session, root),
  };
}

/**
 * Wakes the sessions that were at work when the last process ended (each holds an alarm), the earliest alarm first; awake,
 * they resume by themselves. Then the runner reports to each the work dirs it left (docs/adr/004, 010).
 */
async function resume(
  host: EmbeddedHost,
  sessions: Sluice['sessions'],
  runner: Runner,
  sessionList: StoredSessions,
  ends: TerminationHistoryFile,
  log: Logger,
): Promise<void> {
  const onError = (error: unknown, of: object = {}): void => {
    // Closing during the start is not a failure.
    if ((error as Partial<SluiceError>).code !== 'not_ready')
      log.error('resuming after the start', { ...of, error });
  };
  const ids = [...new Set([...host.alarmed(SESSION), ...ends.sessions])];
  for (let at = 0; at < ids.length; at += WAKE_BATCH) {
    // A session that cannot wake (rows of a newer version, for example) must not stop the others.
    const waking = ids.slice(at, at + WAKE_BATCH).map(async (id) => {
      try {
        await sessions.get(id).call('wake');
        ends.acknowledge(id);
      } catch (error) {
        onError(error, { session: id });
      }
    });
    await Promise.all(waking);
  }
  await runner.reportWorkDirs((downloads) => sessionList.ownersOf(downloads)).catch(onError);
}

function readAllowPrivate(text: string): AllowEntry[] {
  try {
    return parseAllowPrivate(text);
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}
