/**
 * The runner: what stands between sessions and engines. Commands come in by `send`, events go out by `onEvents`;
 * their meaning is in `protocol/runner.ts`. It knows no session by heart: what it holds is jobs.
 */
import type { EngineName } from '../protocol/media.ts';
import type { MarkedFile, RunnerCommand, RunnerPort, RunnerSink } from '../protocol/runner.ts';
import type { Registry } from '../annie/registry.ts';
import { systemClock, type Clock } from './clock.ts';
import { measureSpace } from '../files/disk-space.server.ts';
import { DownloadJobs } from './download-jobs.ts';
import { createFolder } from '../files/download-folder.server.ts';
import type { Lane } from './lane.ts';
import { Leases } from './leases.ts';
import type { Log } from '../protocol/log.ts';
import { Outbox } from './outbox.ts';
import { ParseJobs } from './parse-jobs.ts';
import { type SpaceOptions, SpaceWatch } from './space.ts';
import type { WithinJob } from './within-job.ts';

export interface RunnerOptions {
  registry: Pick<Registry, 'choose' | 'parse'>;
  /** Has to exist; work dirs are made in its `.sluice`. */
  downloadDir: string;
  onEvents: RunnerSink;
  /** Marks work dirs as this data dir's (`instanceKey`), for `report`. null = they are nobody's. */
  instance?: string | null;
  /** Downloads at a time, over all sessions. */
  maxActive?: number;
  /** Parses at a time, over all sessions. */
  maxParsing?: number;
  parseTimeoutMs?: number;
  /** ms without a byte until a download fails with `engine_stalled`; Infinity = never. */
  stallMs?: number;
  /** ms an engine may take to end after an abort before its place goes to somebody else. */
  stuckMs?: number;
  /** ms of silence after which a session's jobs are ended; Infinity for sessions in the same process. */
  leaseMs?: number;
  /** ms between two deliveries of samples. */
  flushMs?: number;
  /** Room on the disk of the download dir. */
  measureSpace?: SpaceOptions['measure'];
  clock?: Clock;
  log?: Log;
  /** Begins what is done for a job, so that the caller can tell for whom code runs. */
  within?: WithinJob;
}

/** For people and inspectors: everything the runner holds. */
export interface RunnerJob {
  session: string;
  download: string;
  attempt: number;
  state: 'waiting' | 'running' | 'leaving' | 'ended';
  engine: EngineName | null;
}

export interface Runner extends RunnerPort {
  jobs(): RunnerJob[];
  /** Tells each session which of its work dirs are here: once, at the start. What it does not want it has removed. */
  report(): Promise<void>;
  /** Aborts everything and waits for the engines to settle; nothing is sent any more, bytes are kept. */
  close(): Promise<void>;
}

/** Keys that a session's storage reads in one call. */
const REPORTED_TOGETHER = 128;

/** Defaults: `SLUICE_MAX_ACTIVE` 8 and `SLUICE_STALL_MS` 60 s of the contract; a lease of 5 min; 20 deliveries/s. */
export function createRunner(options: RunnerOptions): Runner {
  const {
    registry,
    downloadDir,
    onEvents,
    instance = null,
    maxActive = 8,
    maxParsing = 4,
    parseTimeoutMs = 60_000,
    stallMs = 60_000,
    stuckMs = 10_000,
    leaseMs = 300_000,
    flushMs = 50,
    measureSpace: measure = () => measureSpace(downloadDir),
    clock = systemClock,
    log = () => undefined,
    within = (_job, work) => work(),
  } = options;
  const outbox = new Outbox({ onEvents, clock, flushMs, log });
  const folder = createFolder(downloadDir, instance, log);
  const space = new SpaceWatch({ measure, clock });
  const shared = { registry, outbox, clock, log, stuckMs, within };
  const downloads = new DownloadJobs({ ...shared, folder, space, maxActive, stallMs });
  const parses = new ParseJobs({ ...shared, maxParsing, timeoutMs: parseTimeoutMs });
  const leases = new Leases({
    clock,
    leaseMs,
    hasWork: (session) => downloads.lanes.has(session) || parses.has(session),
    onExpired: (session) => {
      log('a session was not heard of for its lease', { session });
      parses.abandonAll(session);
      downloads.abandonAll(session);
    },
  });
  let closing: Promise<void> | null = null;

  function send(session: string, command: RunnerCommand): void {
    if (closing) return;
    leases.renew(session);
    switch (command.type) {
      case 'parse':
        return parses.start(session, command);
      case 'abandon-parse':
        return parses.abandon(session, command.job);
      case 'start':
        return downloads.start(session, command);
      case 'stop':
        return downloads.stop(session, command);
      case 'settle':
        return downloads.settle(session, command.download);
      case 'discard':
        return downloads.discard(session, command.download, fileOf(command), command.keepFile ?? false);
      case 'set-aside':
        return setAside(session, command.download);
      case 'want':
        outbox.event(session, { type: 'jobs', jobs: downloads.want(session, command.jobs) });
        return;
    }
  }

  /** Where something runs, its session has asked for it meanwhile. */
  function setAside(session: string, download: string): void {
    if (downloads.lanes.get(download) !== undefined) return;
    folder.setAside(download).then(
      () => log('a work dir that belongs to no stored download is kept aside', { session, download }),
      (thrown: unknown) => log('a work dir could not be set aside', { download, thrown }),
    );
  }

  async function report(): Promise<void> {
    for (const [session, ids] of await folder.found()) {
      for (let at = 0; at < ids.length; at += REPORTED_TOGETHER) {
        outbox.event(session, { type: 'found', downloads: ids.slice(at, at + REPORTED_TOGETHER) });
      }
    }
  }

  async function shutDown(): Promise<void> {
    leases.close();
    outbox.close();
    await Promise.all([downloads.close(), parses.close()]);
    await folder.close();
  }

  return {
    send,
    jobs: () => downloads.lanes.all().flatMap(describe),
    report,
    close: () => (closing ??= shutDown()),
  };
}

function describe({ session, download, attempt, now }: Lane): RunnerJob[] {
  if (now.state === 'idle') return [];
  const engine = now.state === 'running' ? now.live.engine : null;
  return [{ session, download, attempt, state: now.state, engine }];
}

function fileOf({ file, mark }: Extract<RunnerCommand, { type: 'discard' }>): MarkedFile | null {
  return file === null ? null : { name: file, ...(mark === undefined ? {} : { mark }) };
}
