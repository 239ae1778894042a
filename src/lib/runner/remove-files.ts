import type { Log } from '../protocol/log.ts';
import type { RunnerEvent } from '../protocol/runner.ts';
import type { DownloadFolder } from '../files/download-folder.server.ts';
import type { EventOutbox } from './event-outbox.ts';
import { optionalOutput } from './failure.ts';
import type { Cleanup, Job } from './job.ts';

export interface RemoveFilesOptions {
  folder: DownloadFolder;
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
  { folder, outbox, log }: RemoveFilesOptions,
): Promise<void> {
  try {
    if (cleanup.for === 'discard') {
      // Before the work dir: its journal alone names a file that was never reported.
      if (!cleanup.keepFile) await folder.undoFinish(download);
      for (const file of cleanup.files) await folder.deleteFile(file);
    }
    await folder.removeWorkDir(download, spareFor());
    if (cleanup.for === 'discard') await folder.syncRemovals();
  } catch (thrown) {
    // Reported as discarded all the same: asking again at once would not help, and what is left shows in the folder.
    log('a download could not be removed', { download, thrown });
  }
  if (cleanup.for === 'settle') return;
  const discarded: RunnerEvent = { type: 'discarded', download, ...optionalOutput(cleanup.output) };
  for (let i = 0; i < cleanup.replies; i++) outbox.send(session, discarded);
}
