/** What the start of a server does for the downloads of an earlier process. */
import type { EmbeddedHost } from '#lib/actors/durable/host.server.ts';
import type { SessionActor } from '#lib/actors/session/session-actor.ts';
import type { SluiceError } from '#lib/protocol/error.ts';
import type { Runner } from '#lib/runner/runner.ts';
import type { TerminationHistoryFile } from '#lib/watchdog/termination-history-file.server.ts';
import type { Logger } from './log.ts';
import type { StoredSessions } from './stored-sessions.ts';

/** Sessions that are woken together. */
const WAKE_BATCH = 100;

interface ResumeParts {
  host: EmbeddedHost;
  sessionClass: string;
  runner: Pick<Runner, 'reportWorkDirs'>;
  sessionList: Pick<StoredSessions, 'ownersOf'>;
  /** The sessions that the watchdog blames for the end of the last process. */
  terminations: Pick<TerminationHistoryFile, 'sessions' | 'forget'>;
  log: Pick<Logger, 'error'>;
}

/**
 * Wakes the sessions that were at work when the last process ended (each holds an alarm), the earliest alarm first; awake,
 * they resume by themselves. Then the runner reports to each the work dirs it left (docs/adr/004, 010).
 */
export async function resume({
  host,
  sessionClass,
  runner,
  sessionList,
  terminations,
  log,
}: ResumeParts): Promise<void> {
  const onError = (error: unknown, of: object = {}): void => {
    // Closing during the start is not a failure.
    if ((error as Partial<SluiceError>).code !== 'not_ready')
      log.error('resuming after the start', { ...of, error });
  };
  const ids = [...new Set([...host.alarmed(sessionClass), ...terminations.sessions])];
  for (let at = 0; at < ids.length; at += WAKE_BATCH) {
    // A session that cannot wake (rows of a newer version, for example) must not stop the others.
    const waking = ids.slice(at, at + WAKE_BATCH).map(async (id) => {
      try {
        await host.get<SessionActor>(sessionClass, id).call('wake');
        terminations.forget(id);
      } catch (error) {
        onError(error, { session: id });
      }
    });
    await Promise.all(waking);
  }
  await runner.reportWorkDirs((downloads) => sessionList.ownersOf(downloads)).catch(onError);
}
