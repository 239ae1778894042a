/** The engines of this process and what they need: the guard, its proxy, and the process host. */
import { join } from 'node:path';
import type { Engine } from '#lib/annie/engine.ts';
import { requireWrapper } from '#lib/annie/ffmpeg/wrapper.server.ts';
import { createGuard } from '#lib/guard/guard.server.ts';
import { type AllowEntry, isRefusedLiteral } from '#lib/guard/policy.ts';
import { createProbe } from '#lib/guard/probe.ts';
import { startProxy } from '#lib/guard/proxy.server.ts';
import type { SignIns } from '#lib/annie/http/client/client-context.ts';
import { HttpEngine, type HttpEngineOptions } from '#lib/annie/http/engine.server.ts';
import type { FoundMedia } from '#lib/annie/http/memory/found-media.ts';
import type { TypedAddresses } from '#lib/annie/http/memory/typed-addresses.ts';
import { LuxEngine, type LuxOptions } from '#lib/annie/lux/engine.ts';
import { createProcessHost, type OwnedProcessHost } from '#lib/process/process-host.server.ts';
import { JOURNAL } from '#lib/files/finish/journal.server.ts';
import { OWNER_FILE } from '#lib/files/work-owner.server.ts';
import { findProgram } from '#lib/process/find-program.server.ts';
import { probeSandbox } from '#lib/process/sandbox/probe.server.ts';
import type { Sandbox } from '#lib/process/sandbox/sandbox.ts';
import { ReaderPool } from '#lib/foreign/pool/reader-pool.server.ts';
import { currentSession } from '#lib/watchdog/job-context.ts';
import { ProgramEngine } from '#lib/annie/program/engine.ts';
import { findPrograms } from '#lib/annie/program/locate.server.ts';
import { Registry, type RegistryOptions } from '#lib/annie/registry.ts';
import { YtDlpEngine } from '#lib/annie/yt-dlp/engine.ts';
import { createStandInEngine, STAND_IN_HOST } from '#lib/annie/stand-in/engine.ts';
import { ALL_PROGRAMS, type EngineName, isProgram, type ProgramName } from '#lib/protocol/media.ts';
import type { DialGate, Probe } from '#lib/protocol/unreachable.ts';
import { type Config, ConfigError } from './config.ts';
import { withListingSlots } from './listing-slots.ts';
import type { Logger } from './log.ts';
import { makeDir } from './make-dir.ts';
import { VERSION } from './version.ts';

/** A checkout has the stand-in, an installed package has not: it is not bundled, so the build looks for it in the sources. */
const STAND_IN_DIR = join(
  import.meta.dirname,
  import.meta.url.endsWith('.ts') ? '../lib/annie/stand-in' : '../src/lib/annie/stand-in',
);
const STAND_IN = {
  program: join(STAND_IN_DIR, 'play.server.ts'),
  recordings: join(STAND_IN_DIR, 'recordings'),
};

export interface Engines {
  registry: Registry;
  /** How engines are contained. */
  sandbox: Sandbox;
  probe: Probe;
  processes: Pick<OwnedProcessHost, 'running' | 'observe'>;
  close(): Promise<void>;
}

export interface EngineOptions {
  config: Config;
  allowPrivate: readonly AllowEntry[];
  /** Locked by this process; holds the list of engine processes that an earlier one left running. */
  stateDir: string;
  /** Which hosts can be reached; absent = every dial is tried. */
  gate?: DialGate;
  /** Addresses that were typed without a scheme; absent = none. */
  typed?: TypedAddresses;
  /** Gets what look-ups find; absent = the engine keeps it to itself. */
  found?: FoundMedia;
  /** How lists sign in to sites; absent = they do not. */
  signIns?: (session: string) => SignIns;
  log: Logger;
}

/** @throws ConfigError if the ffmpeg wrapper cannot run; SluiceError `disk_*` */
export async function startEngines(options: EngineOptions): Promise<Engines> {
  checkWrapper();
  const { config, allowPrivate, stateDir, gate, log } = options;
  const guard = createGuard({ allowPrivate, ...(gate ? { gate } : {}) });
  const path = process.env['PATH'] ?? '';
  const sandbox = await probeSandbox(path);
  const [processes, proxy] = await Promise.all([
    createProcessHost({ runDir: join(stateDir, 'run'), sandbox, notes: [OWNER_FILE, JOURNAL] }),
    startProxy({ guard, listens: sandbox.level !== 'full' }),
  ]);
  if (processes.reaped > 0)
    log.warn('ended engines that an earlier process had left', { count: processes.reaped });
  // Engines are installed in the data dir, even if the store is elsewhere.
  makeDir(config.dataDir, 'SLUICE_DATA_DIR', 0o700);
  const readers = new ReaderPool({
    caller: currentSession,
    onCrash: (how, printed) => log.warn('a process that reads untrusted text ended', { how, printed }),
  });
  const shared = { readers, processes, ffmpegPath: findProgram('ffmpeg', path) };
  const http = httpEngine({ ...shared, guard }, options);
  const own = findPrograms(config.dataDir);
  if (own.refused.length > 0)
    log.warn('no engine can have the name of these folders', { folders: own.refused });
  const allowed = allowedEngines(config.engines, path, own.names);
  const programs = programEngines({
    ...shared,
    ...{ processes: withListingSlots(processes), proxy, path, config, allowPrivate },
    signIns: signInsOfJob(options),
    own: allowed.filter(isProgram),
  });
  const registry = new Registry({
    engines: [http, ...programs],
    allowed,
    classify: classifyWith(http, config.engines),
  });
  return {
    registry,
    sandbox,
    probe: createProbe(guard),
    processes,
    async close() {
      await http.close();
      await readers.close();
      await processes.close();
      await proxy.close();
    },
  };
}

function httpEngine(
  parts: Pick<HttpEngineOptions, 'guard' | 'readers' | 'processes' | 'ffmpegPath'>,
  { config, typed, found, signIns }: EngineOptions,
): HttpEngine {
  const { stallMs, firstByteMs } = config;
  return new HttpEngine({
    ...parts,
    ...{ stallMs, firstByteMs, version: VERSION, caller: currentSession },
    ...(typed ? { typed } : {}),
    ...(found ? { found } : {}),
    ...(signIns ? { signIns } : {}),
  });
}

/** Those of the list that the current job is for. */
function signInsOfJob({ signIns }: EngineOptions): () => SignIns | null {
  return () => {
    const session = currentSession();
    return session === null ? null : (signIns?.(session) ?? null);
  };
}

interface ProgramOptions extends Pick<EngineOptions, 'config' | 'allowPrivate'> {
  processes: LuxOptions['processes'];
  readers: ReaderPool;
  proxy: LuxOptions['proxy'];
  ffmpegPath: string | null;
  /** The PATH on which programs are searched for. */
  path: string;
  /** Of the operator. */
  own: readonly ProgramName[];
  signIns: () => SignIns | null;
}

/** The engines that are programs of others. */
function programEngines(options: ProgramOptions): Engine[] {
  const { config, allowPrivate, processes, readers, proxy, ffmpegPath, path, own, signIns } = options;
  const nodePath = process.execPath;
  const shared = { processes, readers };
  const lux = {
    ...shared,
    proxy,
    isRefused: (url: URL) => isRefusedLiteral(url, allowPrivate),
    ffmpegPath,
    path,
  };
  const { dataDir } = config;
  return [
    ...own.map((name) => new ProgramEngine({ ...shared, name, proxy, dataDir, ffmpegPath, path })),
    new LuxEngine({ ...lux, name: 'lux' }),
    new LuxEngine({ ...lux, name: 'annie' }),
    createStandInEngine({ ...shared, nodePath, ...STAND_IN }),
    new YtDlpEngine({ ...shared, proxy, dataDir, ffmpegPath, nodePath, path, signIns }),
  ];
}

function checkWrapper(): void {
  try {
    requireWrapper();
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
}

/** Addresses of the stand-in do not exist on the network, so they are not requested. */
function classifyWith(http: HttpEngine, allowed: readonly EngineName[]): RegistryOptions['classify'] {
  const hasStandIn = allowed.includes('stand-in');
  return (url, signal, reports) =>
    hasStandIn && URL.parse(url)?.hostname === STAND_IN_HOST
      ? Promise.resolve({ kind: 'page' })
      : http.classify(url, signal, reports);
}

/** Those of the settings, with every program of the operator in place of `ALL_PROGRAMS`, each once. */
function allowedEngines(
  names: readonly EngineName[],
  path: string,
  programs: readonly ProgramName[],
): EngineName[] {
  const all = withAnnie(names, path).flatMap((name) => (name === ALL_PROGRAMS ? programs : name));
  return [...new Set(all)];
}

/** annie is the name of lux before 2021: allowed where lux is, and listed only if it is installed. */
function withAnnie(allowed: readonly EngineName[], path: string): EngineName[] {
  if (allowed.includes('annie') || findProgram('annie', path) === null) return [...allowed];
  return allowed.flatMap((name) => (name === 'lux' ? ['lux', 'annie'] : name));
}
