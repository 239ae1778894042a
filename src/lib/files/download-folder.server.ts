/** The download dir as the runner uses it: work dirs in, finished files out. */
import { join } from 'node:path';
import { SluiceError } from '../protocol/error.ts';
import type { LandedFile, MarkedFile } from '../protocol/runner.ts';
import { findFetched, noteFetched } from './check/check-note.server.ts';
import { checkFile } from './check/check.server.ts';
import { toDiskError } from './disk-error.ts';
import type { FetchedFile } from './fetched-file.ts';
import { markOf } from './file-mark.ts';
import { safeFileName, splitExtension } from './file-name.ts';
import { statFile } from './finish/disk.server.ts';
import {
  deleteFinished,
  finishFile,
  resumeFinish,
  undoFinish,
  type FinishedFile,
} from './finish/finish.server.ts';
import { createSyncer } from './sync.server.ts';
import { prepareWorkDir, removeWorkDir, removeWorkRoot, type WorkDir, workDirOf } from './work-dir.server.ts';
import { findWorkDirs, markWorkDir } from './work-owner.server.ts';
import { AsideDirs, removeExpired } from './set-aside.server.ts';
import { SpareDirs } from './work-spares.server.ts';
import { occupiedBytes } from './disk-space.server.ts';
import type { Log } from '../protocol/log.ts';

export interface DownloadFolder {
  /** Makes the work dir and says whose it is. @throws SluiceError `disk_*` */
  prepare(session: string, download: string): Promise<WorkDir>;
  /** The work dirs that are here of this instance, by session. @throws SluiceError `disk_*` */
  found(): Promise<Map<string, string[]>>;
  /** Keeps a work dir for 30 days under another name; a download of its id gets it back. @throws SluiceError `disk_*` */
  setAside(download: string): Promise<void>;
  /** Bytes of disk that earlier attempts left in a work dir. */
  occupied(workDir: string): Promise<number>;
  /** Finishes what a crash interrupted; null = nothing. @throws SluiceError `disk_*` */
  resume(download: string): Promise<LandedFile | null>;
  /** Notes that an engine's file is all there, for `fetched`. @throws SluiceError `disk_*`, `internal_error` */
  keep(download: string, result: FetchedFile): Promise<void>;
  /** The file of an earlier run that is all there and was not checked to the end; null = none. */
  fetched(download: string): Promise<FetchedFile | null>;
  /**
   * Hashes an engine's file. Of one that is not as expected nothing is left: a retry has to fetch it again.
   * @throws SluiceError `checksum_mismatch`, `size_mismatch`, `file_missing`, `disk_*`; the signal's reason
   */
  check(download: string, result: FetchedFile, sha256: string, signal: AbortSignal): Promise<void>;
  /** Moves an engine's file out under a safe name. @throws SluiceError `size_mismatch`, `file_missing`, `disk_*` */
  finish(download: string, result: FetchedFile, filename: string | null): Promise<LandedFile>;
  /** Deletes the file that landed from the work dir, if there is one. @throws SluiceError `disk_*` */
  undo(download: string): Promise<void>;
  /**
   * Removes the work dir, after the finished file (if any) is synced.
   * @param nextOf the session whose next download may have the dir, null = it goes
   * @throws SluiceError `disk_*`
   */
  remove(download: string, nextOf: string | null): Promise<void>;
  /** Removes what was kept for the session's next download. @throws SluiceError `disk_*` */
  tidy(session: string): Promise<void>;
  /** Deletes a finished file, if it still has its mark. @throws SluiceError `disk_*` */
  delete(file: MarkedFile): Promise<void>;
  /** Waits for syncs and removes `.sluice` when it is empty. */
  close(): Promise<void>;
}

/** @param instance whose the work dirs are, null = nobody's: they are not marked, and none is found */
export function createFolder(downloadDir: string, instance: string | null, log: Log): DownloadFolder {
  const syncer = createSyncer(downloadDir, (thrown) =>
    log('a finished file could not be synced', { thrown }),
  );
  const syncing = new Map<string, Promise<void>>();
  const spares = new SpareDirs(downloadDir);
  const asides = new AsideDirs(downloadDir);

  async function landed(download: string, file: FinishedFile): Promise<LandedFile> {
    const synced = syncer.sync(file.name).finally(() => {
      if (syncing.get(download) === synced) syncing.delete(download);
    });
    syncing.set(download, synced);
    // Nothing to be said of it when it was taken away at once.
    const found = await statFile(join(downloadDir, file.name)).catch(() => null);
    return found === null ? file : { ...file, mark: markOf(found) };
  }

  return {
    async prepare(session, download) {
      await asides.takeBack(download);
      if (await spares.take(session, download)) {
        return { path: workDirOf(downloadDir, download), isNew: true };
      }
      const workDir = await prepareWorkDir(downloadDir, download);
      try {
        if (instance !== null) await markWorkDir(workDir.path, { instance, session });
      } catch (thrown) {
        throw toDiskError(thrown);
      }
      return workDir;
    },
    async found() {
      const bySession = new Map<string, string[]>();
      try {
        if (instance !== null) {
          await findWorkDirs(downloadDir, instance, (session, download) => {
            const known = bySession.get(session);
            if (known) known.push(download);
            else bySession.set(session, [download]);
          });
          await removeExpired(downloadDir, instance, Date.now());
        }
      } catch (thrown) {
        throw toDiskError(thrown);
      }
      return bySession;
    },
    setAside: (download) => asides.add(download),
    occupied: occupiedBytes,
    async resume(download) {
      const file = await resumeFinish({ workDir: workDirOf(downloadDir, download), downloadDir });
      return file && landed(download, file);
    },
    keep: (download, result) => noteFetched(workDirOf(downloadDir, download), result),
    fetched: (download) => findFetched(workDirOf(downloadDir, download)),
    async check(download, result, sha256, signal) {
      try {
        await checkFile(result, sha256, signal);
      } catch (thrown) {
        const isOther = thrown instanceof SluiceError && thrown.code === 'checksum_mismatch';
        if (isOther) await removeWorkDir(downloadDir, download);
        throw thrown;
      }
    },
    async finish(download, result, filename) {
      // a name of one's own gets the extension of what it names
      const [, extension] = splitExtension(result.suggestedName);
      const name = safeFileName(filename ?? result.suggestedName, { ext: extension.slice(1) || null });
      const workDir = workDirOf(downloadDir, download);
      const file = await finishFile({ workDir, downloadDir, path: result.path, bytes: result.bytes, name });
      return landed(download, file);
    },
    async undo(download) {
      await syncing.get(download);
      await undoFinish({ workDir: workDirOf(downloadDir, download), downloadDir });
    },
    async remove(download, nextOf) {
      await syncing.get(download);
      if (nextOf === null) await removeWorkDir(downloadDir, download);
      else await spares.keep(nextOf, download);
    },
    tidy: (session) => spares.clear(session),
    async delete({ name, mark }) {
      await deleteFinished(downloadDir, name, mark);
    },
    async close() {
      await Promise.all(syncing.values());
      await spares.clear();
      await removeWorkRoot(downloadDir);
    },
  };
}
