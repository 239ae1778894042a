/** The runner of this process, connected to its sessions. */
import { join } from 'node:path';
import type { DownloadRoot } from '#lib/files/download-root/download-root.server.ts';
import { instanceKey } from '#lib/process/instance-key.server.ts';
import type { Reachability } from '#lib/runner/reachability.ts';
import { Runner } from '#lib/runner/runner.ts';
import { orThrow, type Quota, UNKNOWN } from '#lib/quota/quota.ts';
import { runInJob, runOutsideJobs } from '#lib/watchdog/job-context.ts';
import { withoutDiskWaits } from './download-root.ts';
import type { DiskHoldings } from './disk-holdings.ts';
import type { Engines } from './engines.ts';
import type { Sessions, SessionsOptions } from './sessions.ts';

/** Look-ups at a time: more than a few slow servers hold up. Texts, readers and processes have limits of their own. */
const MAX_PARSING = 128;

export interface StartRunnerOptions extends Pick<
  SessionsOptions,
  'config' | 'log' | 'stateDir' | 'isTemporary'
> {
  sessions: Sessions;
  engines: Engines;
  reachability: Reachability;
  root: DownloadRoot;
  quota: Quota;
  holdings: DiskHoldings;
}

export function startRunner(options: StartRunnerOptions): Runner {
  const { config, log, stateDir, isTemporary, sessions, engines, reachability, root, quota, holdings } =
    options;
  const { downloadDir, maxActive, maxActivePerSession, stallMs, firstByteMs } = config;
  return new Runner({
    downloadDir,
    maxActive,
    maxActivePerSession,
    maxParsing: MAX_PARSING,
    ...{ stallMs, firstByteMs },
    // Sessions run in this process, so none can be lost.
    leaseMs: Infinity,
    log: (message, details) => log.warn(message, details),
    runInJob: ({ session, download, url }, work) =>
      runInJob({ session, download, site: URL.parse(url)?.host ?? null }, work),
    root,
    holdLookUp: (owner = UNKNOWN) => orThrow(quota.hold('lookup', { owner, list: null })),
    registry: engines.registry,
    reachability,
    probe: engines.probe,
    isForOthers: (owner, space) => holdings.isForOthers(owner, space),
    heldBy: (owner) => holdings.bytesOf(owner),
    instance: instanceKey(join(stateDir, 'run')),
    onEvents: (session, sent) => {
      // Nobody waits for a disk in front of a command.
      const events = isTemporary ? sent.map(withoutDiskWaits) : sent;
      sessions.taps.runner.recordEvents(session, events);
      // A session's turn is not part of the job that the watchdog would name.
      const handled = runOutsideJobs(() => sessions.get(session).call('runnerEvents', events));
      handled.catch((error: unknown) => log.warn('a session did not take runner events', { session, error }));
    },
  });
}
