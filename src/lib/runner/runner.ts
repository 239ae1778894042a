/**
 * The runner stands between sessions and engines: commands come in by `send`, events go out by `onEvents`. Their
 * meaning is in `protocol/runner.ts`. It holds jobs, and knows sessions by their id alone.
 */
import type { SluiceError } from '../protocol/error.ts';
import type { EngineName } from '../protocol/media.ts';
import type { MarkedFile, RunnerCommand, RunnerPort, RunnerSink } from '../protocol/runner.ts';
import type { Probe } from '../protocol/unreachable.ts';
import type { Registry } from '../annie/registry.ts';
import { systemRunnerClock, type RunnerClock } from './clock.ts';
import { measureSpace } from '../files/disk-space.server.ts';
import { DownloadJobs } from './download-jobs.ts';
import { DownloadRoot } from '../files/download-root/download-root.server.ts';
import { DownloadFolder, type OwnersOf } from '../files/download-folder.server.ts';
import { FolderGate } from './folder-gate.ts';
import type { Job } from './job.ts';
import { Leases } from './leases.ts';
import type { Log } from '../protocol/log.ts';
import { EventOutbox } from './event-outbox.ts';
import type { Syncer } from '../files/sync.server.ts';
import { type HoldLookUp, ParseJobs } from './parse-jobs.ts';
import { Reachability } from './reachability.ts';
import { type SpaceMonitorOptions, SpaceMonitor } from './space-monitor.ts';
import type { RunInJob } from './run-in-job.ts';

export interface RunnerOptions {
  registry: Pick<Registry, 'choose' | 'parse'> & Partial<Pick<Registry, 'dropSession'>>;
  /** Work dirs are made in its `.sluice`. */
  downloadDir: string;
  onEvents: RunnerSink;
  /** Recognises the download dir; absent = the dir as it is found first. */
  root?: DownloadRoot;
  /** Names the data dir as the owner of work dirs (`instanceKey`), for `reportWorkDirs`. null = they have no owner. */
  instance?: string | null;
  /** Downloads at a time, over all sessions. */
  maxActive?: number;
  /** And of one session; absent = as many. */
  maxActivePerSession?: number;
  /** Parses at a time, over all sessions. */
  maxParsing?: number;
  parseTimeoutMs?: number;
  /** ms without a byte until a download fails with `engine_stalled`; Infinity = never. */
  stallMs?: number;
  /** ms that a look-up may wait for servers to begin, beside `parseTimeoutMs`. */
  firstByteMs?: number;
  /** ms an engine may take to end after an abort before it loses its slot. */
  stuckMs?: number;
  /** ms without a command after which a session's jobs are ended; Infinity for sessions in the same process. */
  leaseMs?: number;
  /** ms between two deliveries of samples. */
  flushMs?: number;
  /** Free space on the disk of the download dir. */
  measureSpace?: SpaceMonitorOptions['measure'];
  /** As `SpaceMonitorOptions`. */
  isForOthers?: SpaceMonitorOptions['isForOthers'];
  heldBy?: SpaceMonitorOptions['heldBy'];
  /** What is known of hosts, if engines and others share it. */
  reachability?: Reachability;
  /** Connects to a host that is away, to see whether it still is; null = attempts find out. */
  probe?: Probe | null;
  clock?: RunnerClock;
  log?: Log;
  /** Starts the work of a job, so that the caller knows which job code runs for. */
  runInJob?: RunInJob;
  /** Absent = they are not counted. */
  holdLookUp?: HoldLookUp;
  /** Puts finished files on the disk. */
  syncer?: Syncer;
}

/** A job as people and the inspector see it. */
export interface RunnerJob {
  session: string;
  download: string;
  attempt: number;
  state: 'waiting' | 'running' | 'ending' | 'ended';
  engine: EngineName | null;
}

/** Ids in one `found` event: as many keys as a session's storage reads in one call. */
const MAX_FOUND_IDS = 128;

/** Defaults: those of `SLUICE_MAX_ACTIVE` and `SLUICE_STALL_MS`, a lease of 5 min, 20 deliveries of samples a second. */
export class Runner implements RunnerPort {
  readonly #log: Log;
  readonly #outbox: EventOutbox;
  readonly #folder: DownloadFolder;
  readonly #downloads: DownloadJobs;
  readonly #parses: ParseJobs;
  readonly #leases: Leases;
  readonly #gate: FolderGate;
  readonly #reachability: Reachability;
  #ownersOf: OwnersOf = () => Promise.resolve(new Map());
  #closing: Promise<void> | null = null;

  constructor(options: RunnerOptions) {
    const {
      registry,
      downloadDir,
      onEvents,
      log = () => undefined,
      root = new DownloadRoot({ dir: downloadDir, file: null, known: null, log }),
      instance = null,
      maxActive = 8,
      maxActivePerSession: ofSession = maxActive,
      maxParsing = 4,
      parseTimeoutMs = 60_000,
      stallMs = 60_000,
      firstByteMs = 300_000,
      stuckMs = 10_000,
      leaseMs = 300_000,
      flushMs = 50,
      measureSpace: measure = () => measureSpace(downloadDir),
      isForOthers,
      heldBy,
      clock = systemRunnerClock,
      reachability = new Reachability({ clock }),
      probe = null,
      runInJob = (_job, work) => work(),
      holdLookUp = () => () => undefined,
      syncer,
    } = options;
    const outbox = new EventOutbox({ onEvents, clock, flushMs, log });
    const gate = new FolderGate({
      check: (how) => root.check(how),
      clock,
      onChange: (reason) => this.#onFolderChange(reason),
    });
    const confirm = async (): Promise<void> => {
      if (gate.reason !== null || !(await root.isUnchanged())) await gate.require();
    };
    const folder = new DownloadFolder(downloadDir, instance, { confirm, syncer });
    const space = new SpaceMonitor({
      ...{ measure, gate, clock, onDiskError: () => root.distrust() },
      ...(isForOthers === undefined ? {} : { isForOthers }),
      ...(heldBy === undefined ? {} : { heldBy }),
    });
    reachability.start({
      probe,
      onReachable: (session, host) => outbox.send(session, { type: 'reachable', host }),
    });
    const shared = { registry, outbox, reachability, clock, log, stuckMs, runInJob };
    const slots = { all: maxActive, ofSession };
    const downloads = new DownloadJobs({ ...shared, folder, space, gate, slots, stallMs });
    const parses = new ParseJobs({
      ...shared,
      ...{ maxParsing, timeoutMs: parseTimeoutMs, firstByteMs, holdLookUp },
    });
    this.#log = log;
    this.#outbox = outbox;
    this.#gate = gate;
    this.#folder = folder;
    this.#downloads = downloads;
    this.#parses = parses;
    this.#reachability = reachability;
    this.#leases = new Leases({
      clock,
      leaseMs,
      hasWork: (session) => downloads.jobs.has(session) || parses.has(session),
      onExpired: (session) => {
        log('a session was not heard of for its lease', { session });
        parses.cancelAll(session);
        downloads.dropSession(session);
        registry.dropSession?.(session);
      },
    });
  }

  send(session: string, command: RunnerCommand): void {
    if (this.#closing) return;
    this.#leases.renew(session);
    const downloads = this.#downloads;
    switch (command.type) {
      case 'parse':
        return this.#parses.start(session, command);
      case 'abandon-parse':
        return this.#parses.cancel(session, command.job);
      case 'start':
        return downloads.start(session, command);
      case 'stop':
        return downloads.stop(session, command);
      case 'settle':
        return downloads.settle(session, command.download);
      case 'discard':
        return downloads.discard(session, command.download, fileOf(command), command.keepFile ?? false);
      case 'set-aside':
        return this.#setWorkDirAside(session, command.download);
      case 'want':
        return this.#outbox.send(session, { type: 'jobs', jobs: downloads.want(session, command.jobs) });
    }
  }

  jobs(): RunnerJob[] {
    return this.#downloads.jobs.all().flatMap(describe);
  }

  /** If a job exists, its session has started the download meanwhile. */
  #setWorkDirAside(session: string, download: string): void {
    if (this.#downloads.jobs.get(download) !== undefined) return;
    this.#folder.setWorkDirAside(download).then(
      () => this.#log('a work dir that belongs to no stored download is kept aside', { session, download }),
      (thrown: unknown) => this.#log('a work dir could not be set aside', { download, thrown }),
    );
  }

  /**
   * Sends each session the ids of its work dirs here, at the start and whenever the folder is in order again: what was
   * finished or removed meanwhile left its work dir there. It discards those it does not know.
   * @param ownersOf finds the sessions of work dirs that do not name theirs any more; kept for later reports
   */
  async reportWorkDirs(ownersOf: OwnersOf = this.#ownersOf): Promise<void> {
    this.#ownersOf = ownersOf;
    if ((await this.#gate.inspect()) !== null) return;
    for (const [session, ids] of await this.#folder.findWorkDirs(ownersOf)) {
      for (let at = 0; at < ids.length; at += MAX_FOUND_IDS) {
        this.#outbox.send(session, { type: 'found', downloads: ids.slice(at, at + MAX_FOUND_IDS) });
      }
    }
  }

  /** Aborts everything and waits for the engines to end; sends nothing more and keeps all bytes. */
  close(): Promise<void> {
    return (this.#closing ??= this.#shutDown());
  }

  #onFolderChange(reason: SluiceError | null): void {
    if (reason !== null) {
      const { code, message, cause } = reason;
      return this.#log('downloads wait for the download folder', { code, message, cause });
    }
    this.#log('the download folder is in order again', {});
    if (this.#closing) return;
    this.reportWorkDirs().catch((thrown: unknown) =>
      this.#log('work dirs could not be reported', { thrown }),
    );
  }

  async #shutDown(): Promise<void> {
    this.#leases.close();
    this.#reachability.close();
    this.#outbox.close();
    await Promise.all([this.#downloads.close(), this.#parses.close()]);
    await this.#folder.close();
  }
}

function describe({ session, download, attempt, state }: Job): RunnerJob[] {
  if (state.name === 'idle') return [];
  const engine = state.name === 'running' ? state.attempt.engine : null;
  return [{ session, download, attempt, state: state.name, engine }];
}

function fileOf({ file, mark }: Extract<RunnerCommand, { type: 'discard' }>): MarkedFile | null {
  return file === null ? null : { name: file, ...(mark === undefined ? {} : { mark }) };
}
