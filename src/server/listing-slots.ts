/**
 * Limits the engine processes of look-ups: a few at a time, fair between sessions. Look-ups themselves run in large numbers, as
 * most only wait: for a server, or for a thread to read a text. Downloads have slots of their own.
 */
import type { EngineCommand, EngineExit, ProcessHost } from '#lib/process/process-host.ts';
import { FairQueue } from '#lib/runner/fair-queue.ts';
import { currentParser } from '#lib/watchdog/job-context.ts';

/** yt-dlp takes 50 MB and a second of CPU. */
const MAX_PROCESSES = 4;

export function withListingSlots(
  processes: ProcessHost,
  parser: () => string | null = currentParser,
): ProcessHost {
  const queue = new FairQueue(MAX_PROCESSES);

  async function runInSlot(session: string, command: EngineCommand): Promise<EngineExit> {
    const { signal } = command;
    const begun = Promise.withResolvers<void>();
    const ticket = queue.enqueue(session, begun.resolve);
    const onAbort = (): void => begun.reject(signal.reason);
    signal.addEventListener('abort', onAbort);
    try {
      signal.throwIfAborted();
      await begun.promise;
      return await processes.run(command);
    } finally {
      signal.removeEventListener('abort', onAbort);
      queue.release(ticket);
    }
  }

  return {
    run(command) {
      const session = parser();
      return session === null ? processes.run(command) : runInSlot(session, command);
    },
    close: () => processes.close(),
  };
}
