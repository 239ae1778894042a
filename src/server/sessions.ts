/** The sessions of this process: the store that holds them, and what they get of the outside. */
import { randomBytes } from 'node:crypto';
import { systemClock } from '#lib/actors/durable/clock.ts';
import { define, type EmbeddedHost } from '#lib/actors/durable/host.server.ts';
import type { EmbeddedStub } from '#lib/actors/durable/types.ts';
import { Directory, DIRECTORY } from '#lib/actors/directory/directory.ts';
import { SessionActor } from '#lib/actors/session/session-actor.ts';
import type { FoundMedia } from '#lib/annie/http/memory/found-media.ts';
import type { TypedAddresses } from '#lib/annie/http/memory/typed-addresses.ts';
import { type AllowEntry, isRefusedLiteral } from '#lib/guard/policy.ts';
import { MachineTap } from '#lib/inspector/taps/machines.ts';
import { RunnerTap } from '#lib/inspector/taps/runner.ts';
import type { ListOwners } from '#lib/channel/list-owners.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { EngineName } from '#lib/protocol/media.ts';
import { checkUrl, withScheme } from '#lib/protocol/url.ts';
import { addRate } from '#lib/quota/limits.ts';
import { LOCAL, orThrow, type Quota, UNKNOWN } from '#lib/quota/quota.ts';
import { TerminationHistoryFile } from '#lib/watchdog/termination-history-file.server.ts';
import type { Config } from './config.ts';
import { DeferredRunner } from './deferred-runner.ts';
import type { Logger } from './log.ts';
import { type LockedStore, openLockedStore } from './store.ts';

export const SESSION = 'session';
const DIRECTORY_CLASS = 'directory';
/** Of a session and of a person: 96 random bits. */
const NAME_BYTES = 12;
/** Of a download: see `protocol/ids.ts`. */
const ID_BYTES = 8;

export interface SessionsOptions {
  config: Config;
  log: Logger;
  stateDir: string;
  /** For one command only: without a reserve and daily copies. */
  isTemporary: boolean;
  allowPrivate: readonly AllowEntry[];
  /** Gets the addresses that were typed without a scheme. */
  typed: TypedAddresses;
  /** Where look-ups have found media. */
  found: FoundMedia;
  quota: Quota;
  listOwners: ListOwners;
  /** Of this server, once its engines have started. */
  hasEngine: (name: EngineName) => boolean;
}

export interface Sessions {
  readonly store: LockedStore;
  readonly host: EmbeddedHost;
  get(id: string): EmbeddedStub<SessionActor>;
  readonly directory: EmbeddedStub<Directory>;
  /** Where they send their commands. */
  readonly runner: DeferredRunner;
  readonly terminations: TerminationHistoryFile;
  readonly taps: { machines: MachineTap; runner: RunnerTap };
}

/** Takes the lock on the data dir, so nothing else is opened before. @throws SluiceError `data_dir_busy`, `store_*`, `disk_*` */
export function openSessions(options: SessionsOptions): Sessions {
  const { log, stateDir, isTemporary } = options;
  const taps = { machines: new MachineTap(), runner: new RunnerTap() };
  const runner = new DeferredRunner(taps.runner);
  const terminations = new TerminationHistoryFile(stateDir, (error) =>
    log.warn('what the watchdog notes cannot be kept', { error }),
  );
  const store = openLockedStore({
    dir: stateDir,
    hasReserve: !isTemporary,
    classes: ({ checkRoom }) => ({
      [SESSION]: define(SessionActor, {
        ...sessionEnv(options),
        runner,
        checkRoom,
        blamedDownloads: (session) => terminations.blamedDownloads(session),
        machinesStarted: (session, root) => taps.machines.onStarted(session, root),
      }),
      [DIRECTORY_CLASS]: define(Directory, {
        now: () => Date.now(),
        newId: () => randomBytes(NAME_BYTES).toString('base64url'),
      }),
    }),
    onError: (error, actor) => log.error('inside the session host', { actor: actor?.id, error }),
    onRefusal: (reason) =>
      reason === null
        ? log.info('the data folder is in order again', { dataDir: stateDir })
        : log.error('nothing can be stored', { dataDir: stateDir, reason }),
  });
  // After the lock and before any session can wake: alarms fire from the next turn of the event loop on.
  terminations.open();
  for (const session of terminations.sessions) {
    const downloads = terminations.blamedDownloads(session);
    log.warn('downloads failed: the server was blocked three times in a row while it worked on them', {
      session,
      downloads,
    });
  }
  const { host } = store;
  const get = (id: string): EmbeddedStub<SessionActor> => host.get<SessionActor>(SESSION, id);
  const directory = host.get<Directory>(DIRECTORY_CLASS, DIRECTORY);
  return { store, host, get, directory, runner, terminations, taps };
}

function sessionEnv(options: SessionsOptions) {
  const { config, isTemporary, allowPrivate, typed, found, quota, listOwners, hasEngine } = options;
  return {
    clock: systemClock,
    newId: () => randomBytes(ID_BYTES).toString('base64url'),
    random: Math.random,
    checkUrl(typedText: string, session: string) {
      const { text, isAdded } = withScheme(typedText);
      const url = checkUrl(text);
      if (isRefusedLiteral(url, allowPrivate)) throw new SluiceError('address_refused');
      if (isAdded) typed.add(url, session);
      return text;
    },
    hasEngine,
    foundOn: (url: string, session: string) => found.get(session, url, performance.now()),
    // One for a single command belongs to the person who typed it.
    ownerOf: (session: string) => (isTemporary ? LOCAL : listOwners.of(session)),
    countAdd(owner: string | null, bytes: number, addsPerDay: number | null) {
      const key = { owner: owner ?? UNKNOWN, list: null };
      orThrow(addsPerDay === null ? quota.take('add', key) : quota.take('add', key, 1, addRate(addsPerDay)));
      orThrow(quota.take('state', key, bytes));
    },
    throttleMs: config.throttleMs,
    maxActive: config.maxActivePerSession,
  };
}
