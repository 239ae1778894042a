/** The download dir as the runner uses it: work dirs in, finished files out. */
import { join } from 'node:path';
import { SluiceError } from '../protocol/error.ts';
import type { DownloadedFile, MarkedFile } from '../protocol/runner.ts';
import { findFetched, recordFetched } from './check/fetched-record.server.ts';
import { checkSha256 } from './check/check.server.ts';
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
import { createSyncer, type Syncer } from './sync.server.ts';
import { prepareWorkDir, removeWorkDir, removeWorkRoot, type WorkDir, workDirOf } from './work-dir.server.ts';
import { findWorkDirs, recordOwner } from './work-owner.server.ts';
import { AsideDirs, removeExpired } from './set-aside.server.ts';
import { SpareWorkDirs } from './spare-work-dirs.server.ts';
import type { Log } from '../protocol/log.ts';

export class DownloadFolder {
  readonly #dir: string;
  readonly #instance: string | null;
  readonly #confirm: () => Promise<void>;
  readonly #syncer: Syncer;
  readonly #spares: SpareWorkDirs;
  readonly #asides: AsideDirs;
  /** Files that are not synced yet, by download. */
  readonly #syncing = new Map<string, Promise<void>>();

  /**
   * @param instance owner of the work dirs; null = no owner is recorded, and none is found
   * @param confirm that the dir is the right one, before anything is written. @throws SluiceError `disk_*`
   */
  constructor(dir: string, instance: string | null, confirm: () => Promise<void>, log: Log) {
    this.#dir = dir;
    this.#confirm = confirm;
    this.#instance = instance;
    this.#syncer = createSyncer(dir, (thrown) => log('a finished file could not be synced', { thrown }));
    this.#spares = new SpareWorkDirs(dir);
    this.#asides = new AsideDirs(dir);
  }

  /** Creates the work dir and records its owner. @throws SluiceError `disk_*` */
  async prepare(session: string, download: string): Promise<WorkDir> {
    await this.#confirm();
    await this.#asides.takeBack(download);
    if (await this.#spares.reuse(session, download)) return { path: this.#workDir(download), isNew: true };
    const workDir = await prepareWorkDir(this.#dir, download);
    try {
      if (this.#instance !== null) await recordOwner(workDir.path, { instance: this.#instance, session });
    } catch (thrown) {
      throw toDiskError(thrown);
    }
    return workDir;
  }

  /** The downloads that have a work dir of this instance, by session. @throws SluiceError `disk_*` */
  async findWorkDirs(): Promise<Map<string, string[]>> {
    const bySession = new Map<string, string[]>();
    if (this.#instance === null) return bySession;
    try {
      await findWorkDirs(this.#dir, this.#instance, (session, download) => {
        const known = bySession.get(session);
        if (known) known.push(download);
        else bySession.set(session, [download]);
      });
      await removeExpired(this.#dir, this.#instance, Date.now());
    } catch (thrown) {
      throw toDiskError(thrown);
    }
    return bySession;
  }

  /** Keeps a work dir for 30 days under another name; `prepare` gives it back to its download. @throws SluiceError `disk_*` */
  setAside(download: string): Promise<void> {
    return this.#asides.add(download);
  }

  /** Completes a move that a crash interrupted; null = there is none. @throws SluiceError `disk_*` */
  async resumeFinish(download: string): Promise<DownloadedFile | null> {
    await this.#confirm();
    const file = await resumeFinish({ workDir: this.#workDir(download), downloadDir: this.#dir });
    return file && this.#onMoved(download, file);
  }

  /** Records that an engine's file is complete, for `findFetched`. @throws SluiceError `disk_*`, `internal_error` */
  recordFetched(download: string, result: FetchedFile): Promise<void> {
    return recordFetched(this.#workDir(download), result);
  }

  /** The complete file of an earlier attempt whose check did not end; null = none. */
  findFetched(download: string): Promise<FetchedFile | null> {
    return findFetched(this.#workDir(download));
  }

  /**
   * Hashes an engine's file. On a mismatch the work dir is removed: a retry has to fetch the file again.
   * @throws SluiceError `checksum_mismatch`, `size_mismatch`, `file_missing`, `disk_*`; the signal's reason
   */
  async check(download: string, result: FetchedFile, sha256: string, signal: AbortSignal): Promise<void> {
    try {
      await checkSha256(result, sha256, signal);
    } catch (thrown) {
      const isMismatch = thrown instanceof SluiceError && thrown.code === 'checksum_mismatch';
      if (isMismatch) await removeWorkDir(this.#dir, download);
      throw thrown;
    }
  }

  /** Moves an engine's file out under a safe name. @throws SluiceError `size_mismatch`, `file_missing`, `disk_*` */
  async finish(download: string, result: FetchedFile, filename: string | null): Promise<DownloadedFile> {
    // A name that the user chose gets the extension of the suggested one.
    const [, extension] = splitExtension(result.suggestedName);
    const name = safeFileName(filename ?? result.suggestedName, { ext: extension.slice(1) || null });
    const { path, bytes } = result;
    const workDir = this.#workDir(download);
    await this.#confirm();
    return this.#onMoved(download, await finishFile({ workDir, downloadDir: this.#dir, path, bytes, name }));
  }

  /** Deletes the file that was moved out of the work dir, if there is one. @throws SluiceError `disk_*` */
  async undoFinish(download: string): Promise<void> {
    await this.#syncing.get(download);
    await undoFinish({ workDir: this.#workDir(download), downloadDir: this.#dir });
  }

  /**
   * Removes the work dir, after the finished file (if any) is synced.
   * @param spareFor the session that may reuse the dir for its next download; null = none
   * @throws SluiceError `disk_*`
   */
  async removeWorkDir(download: string, spareFor: string | null): Promise<void> {
    await this.#syncing.get(download);
    if (spareFor === null) await removeWorkDir(this.#dir, download);
    else await this.#spares.add(spareFor, download);
  }

  /** Removes the spare work dirs of a session. @throws SluiceError `disk_*` */
  removeSpares(session: string): Promise<void> {
    return this.#spares.remove(session);
  }

  /** Deletes a finished file, if it still has its mark. @throws SluiceError `disk_*` */
  async deleteFile({ name, mark }: MarkedFile): Promise<void> {
    await deleteFinished(this.#dir, name, mark);
  }

  /** Waits for syncs and removes `.sluice` when it is empty. */
  async close(): Promise<void> {
    await Promise.all(this.#syncing.values());
    await this.#spares.remove();
    await removeWorkRoot(this.#dir);
  }

  #workDir(download: string): string {
    return workDirOf(this.#dir, download);
  }

  async #onMoved(download: string, file: FinishedFile): Promise<DownloadedFile> {
    const synced = this.#syncer.sync(file.name).finally(() => {
      if (this.#syncing.get(download) === synced) this.#syncing.delete(download);
    });
    this.#syncing.set(download, synced);
    // No mark when the file was taken away at once.
    const found = await statFile(join(this.#dir, file.name)).catch(() => null);
    return found === null ? file : { ...file, mark: markOf(found) };
  }
}
