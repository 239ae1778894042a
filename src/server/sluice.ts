/** The composition root: the only place that knows both sessions and engines. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { EmbeddedHost } from '#lib/actors/durable/host.server.ts';
import { type AllowEntry, parseAllowPrivate } from '#lib/guard/policy.ts';
import type { Registry } from '#lib/annie/registry.ts';
import { Reachability } from '#lib/runner/reachability.ts';
import type { Runner } from '#lib/runner/runner.ts';
import { instanceKey, runDirOf } from '#lib/process/instance-key.server.ts';
import type { Sandbox } from '#lib/process/sandbox/sandbox.ts';
import { OperatorAuth } from '#lib/channel/operator.ts';
import { KnownBrowsers } from '#lib/channel/people/known-browsers.ts';
import { SignInAttempts } from '#lib/channel/people/oidc/attempts.ts';
import { SessionLinks } from '#lib/channel/session-link.ts';
import { loadTokenKey, readTokenKey } from '#lib/channel/token-key.server.ts';
import { AdmittedTokens } from '#lib/channel/admitted-tokens.ts';
import { ListOwners } from '#lib/channel/list-owners.ts';
import { Owners } from '#lib/channel/owner.ts';
import { Visitors } from '#lib/channel/visitors.ts';
import { Quota } from '#lib/quota/quota.ts';
import { secretsIn } from '#lib/actors/session/secrets.ts';
import { SecretBox } from '#lib/secrets/secret-box.ts';
import { SecretKeyFile } from '#lib/secrets/secret-key.server.ts';
import { ListSignIns } from '#lib/secrets/sign-ins.ts';
import type { EngineName } from '#lib/protocol/media.ts';
import type { Inspector } from '#lib/inspector/inspector.ts';
import { type Auth, authOf, NO_AUTH } from './auth.ts';
import { canonicalPath } from './canonical-path.ts';
import { type Config, ConfigError } from './config.ts';
import { isInContainer } from './container.ts';
import { FoundMedia } from '#lib/annie/http/memory/found-media.ts';
import { TypedAddresses } from '#lib/annie/http/memory/typed-addresses.ts';
import { currentSession } from '#lib/watchdog/job-context.ts';
import { type Engines, startEngines } from './engines.ts';
import { DiskHoldings } from './disk-holdings.ts';
import { openDownloadRoot } from './download-root.ts';
import { createInspector } from './inspection.ts';
import type { Logger } from './log.ts';
import { makeDir } from './make-dir.ts';
import { resume } from './resume.ts';
import { openSessions, SESSION, type Sessions } from './sessions.ts';
import { startRunner } from './start-runner.ts';
import { StoredSessions } from './stored-sessions.ts';
import type { LockedStore } from './store.ts';
import { prepareStore } from './store-presence.ts';

/** Of the 10 s that a stop may take; engines are killed after 3.5. */
const RUNNER_CLOSE_MS = 6000;

export interface Sluice {
  readonly config: Config;
  readonly sessions: Pick<Sessions, 'get' | 'directory'>;
  readonly auth: Auth;
  readonly registry: Registry;
  /** How engines are contained. */
  readonly sandbox: Sandbox;
  readonly runner: Runner;
  readonly tokens: AdmittedTokens;
  readonly quota: Quota;
  /** What owners have on the disk. */
  readonly holdings: DiskHoldings;
  readonly owners: Owners;
  readonly visitors: Visitors;
  readonly operators: OperatorAuth;
  readonly knownBrowsers: KnownBrowsers;
  readonly sessionLinks: SessionLinks;
  readonly attempts: SignInAttempts;
  readonly secrets: SecretBox;
  readonly sessionList: StoredSessions;
  readonly inspector: Inspector;
  readonly host: EmbeddedHost;
  /** What `sluice store` asks of a running server. */
  readonly store: Pick<LockedStore, 'check' | 'backup'>;
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
 * @throws ConfigError for SLUICE_ALLOW_PRIVATE, and as `authOf`
 */
export async function createSluice(options: SluiceOptions): Promise<Sluice> {
  const { config, log, stateDir = config.dataDir, onStoreOpen, newStore = false } = options;
  const allowPrivate = readAllowPrivate(config.allowPrivate);
  const isTemporary = stateDir !== config.dataDir;
  // Nobody but its own command reaches one for a single run.
  const auth: Auth = isTemporary ? NO_AUTH : authOf(config, isInContainer(process.env));
  // One for a single run was never used before.
  if (!isTemporary) await prepareStore(config, newStore, log);
  makeDir(stateDir, 'SLUICE_DATA_DIR', 0o700);
  const isNewStore = !existsSync(join(stateDir, 'sluice.db'));
  const place = { config, log, stateDir, isTemporary };
  const typed = new TypedAddresses(currentSession);
  const found = new FoundMedia();
  const quota = new Quota({ now: () => performance.now() });
  const listOwners = new ListOwners();
  const started: { engines?: Engines; runner?: Runner } = {};
  // Until they have started, the runner answers.
  const hasEngine = (name: EngineName): boolean => started.engines?.registry.has(name) ?? true;
  const sessions = openSessions({
    ...place,
    ...{ allowPrivate, typed, found, quota, listOwners, hasEngine },
  });
  const storeOpen = onStoreOpen?.();
  const close = (): Promise<void> => closeAll(sessions, started);
  try {
    if (!isNewStore && readTokenKey(stateDir) === null) {
      log.warn(
        'the key that signs tokens was gone: browsers get new lists, sluice operator opens theirs again',
      );
    }
    const key = loadTokenKey(stateDir);
    const reachability = new Reachability();
    const secrets = new SecretBox(new SecretKeyFile(config.secretFile));
    const engines = await startEngines({
      config,
      allowPrivate,
      stateDir,
      gate: reachability.dials,
      ...{ typed, found, log },
      signIns: (session) =>
        new ListSignIns(secrets, session, secretsIn(sessions.host.stored(SESSION, session))),
    });
    started.engines = engines;
    const root = await openDownloadRoot({
      config,
      dataDir: isTemporary ? null : stateDir,
      isNewStore,
      isUnused: sessions.host.ids(SESSION, '', 1).length === 0,
      store: isTemporary
        ? null
        : { instance: instanceKey(runDirOf(stateDir)), dataDir: canonicalPath(stateDir) },
      log,
    });
    const holdings = new DiskHoldings({
      ...{ host: sessions.host, sessionClass: SESSION, downloadDir: config.downloadDir },
      sessions: new StoredSessions(sessions.host, SESSION),
    });
    const runner = startRunner({ ...place, sessions, engines, reachability, root, quota, holdings });
    started.runner = runner;
    await storeOpen;
    sessions.runner.connect(runner);
    return assemble({
      ...{ config, log, auth, key, sessions, engines, runner, secrets, quota, holdings, listOwners, close },
    });
  } catch (error) {
    await close();
    throw error;
  }
}

/** An engine that does not end must not keep the store from being closed cleanly. */
async function closeAll(
  { store }: Sessions,
  { engines, runner }: { engines?: Engines; runner?: Runner },
): Promise<void> {
  await Promise.race([runner?.close(), delay(RUNNER_CLOSE_MS, null, { ref: false })]);
  await store.close();
  await engines?.close();
}

interface Running {
  config: Config;
  log: Logger;
  auth: Auth;
  /** Signs tokens, cookies and links. */
  key: Uint8Array;
  sessions: Sessions;
  engines: Engines;
  runner: Runner;
  secrets: SecretBox;
  quota: Quota;
  holdings: DiskHoldings;
  listOwners: ListOwners;
  close: () => Promise<void>;
}

function assemble(running: Running): Sluice {
  const { config, log, auth, key, sessions, engines, runner, secrets, quota, listOwners, close } = running;
  const { holdings } = running;
  const owners = new Owners(key);
  const { host, store, terminations, taps } = sessions;
  const sessionList = new StoredSessions(host, SESSION);
  const inspector = createInspector({
    config,
    host,
    sessionClass: SESSION,
    sessions,
    engines,
    runner,
    taps,
  });
  let closing: Promise<void> | null = null;
  return {
    config,
    auth,
    sessions,
    registry: engines.registry,
    sandbox: engines.sandbox,
    runner,
    tokens: new AdmittedTokens(
      key,
      (session, device) => sessionList.accessOf(session, device),
      auth.mode !== 'none',
    ),
    owners,
    quota,
    holdings,
    visitors: new Visitors(quota, owners, listOwners),
    operators: new OperatorAuth(key),
    knownBrowsers: new KnownBrowsers(key),
    sessionLinks: new SessionLinks(key),
    attempts: new SignInAttempts(key),
    secrets,
    sessionList,
    inspector,
    host,
    store,
    reasonsNotReady: () => (closing ? ['Sluice is stopping.'] : store.reasonsNotReady()),
    get isStopping() {
      return closing !== null;
    },
    resume: () => resume({ host, sessionClass: SESSION, runner, sessionList, terminations, log }),
    close: () => {
      inspector.close();
      return (closing ??= close());
    },
  };
}

function readAllowPrivate(text: string): AllowEntry[] {
  try {
    return parseAllowPrivate(text);
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}
