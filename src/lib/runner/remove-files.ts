import type { Log } from '../protocol/log.ts';
import type { RunnerEvent } from '../protocol/runner.ts';
import type { DownloadFolder } from '../files/download-folder.server.ts';
import type { EventOutbox } from './event-outbox.ts';
import { optionalOutput } from './failure.ts';
import type { FolderGate } from './folder-gate.ts';
import type { Cleanup, Job } from './job.ts';

interface RemoveFilesOptions {
  folder: DownloadFolder;
  gate: FolderGate;
  outbox: EventOutbox;
  log: Log;
}

/**
 * Removes the work dir of a job and, for a discard, its files, and answers the discards.
 * @param spareFor the session whose next download may take the work dir; null = it is not kept
 */
export async function removeFiles(
  { session, download }: Pick<Job, 'session' | 'download'>,
  cleanup: Cleanup,
  spareFor: () => string | null,
  { folder, gate, outbox, log }: RemoveFilesOptions,
): Promise<void> {
  let type: 'discarded' | 'not-discarded' = 'discarded';
  try {
    if (cleanup.for === 'discard') await folder.deleteFiles(download, cleanup);
    await folder.removeWorkDir(download, spareFor());
    if (cleanup.for === 'discard') await folder.syncRemovals();
  } catch (thrown) {
    if (cleanup.for === 'discard' && (await gate.inspect({ thorough: true })) !== null)
      type = 'not-discarded';
    // Else reported as discarded all the same: asking again would not help, and what is left shows in the folder.
    else log('a download could not be removed', { download, thrown });
  }
  if (cleanup.for === 'settle') return;
  const answer: RunnerEvent = { type, download, ...optionalOutput(cleanup.output) };
  for (let i = 0; i < cleanup.replies; i++) outbox.send(session, answer);
}
