/** The download dir as the runner uses it: work dirs in, finished files out. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { SluiceError } from '../protocol/error.ts';
import type { RecordedFile, MarkedFile } from '../protocol/runner.ts';
import { bootId } from './boot-id.server.ts';
import { findFetched, recordFetched } from './check/fetched-record.server.ts';
import { checkSha256 } from './check/check.server.ts';
import { errnoOf, toDiskError } from './disk-error.ts';
import type { FetchedFile } from './fetched-file.ts';
import { markOf } from './file-mark.ts';
import { safeFileName, splitExtension } from './file-name.ts';
import { statFile } from './finish/disk.server.ts';
import { deleteLanded, finishFile, resumeFinish, undoFinish } from './finish/finish.server.ts';
import { retractUnsynced } from './finish/retract.server.ts';
import { LateRecords } from './late-records.server.ts';
import { syncLanded } from './sync-landed.server.ts';
import { createSyncer, syncOnDisk, type Syncer } from './sync.server.ts';
import {
  prepareWorkDir,
  removeWorkDir,
  removeWorkRoot,
  WORK_ROOT,
  type WorkDir,
  workDirOf,
} from './work-dir.server.ts';
import { SetAsideWorkDirs, removeExpired } from './set-aside.server.ts';
import { findWorkDirs, isOfThisBoot, recordOwner } from './work-owner.server.ts';
import { SpareWorkDirs } from './spare-work-dirs.server.ts';

export interface DownloadFolderParts {
  /** Confirms that the dir is the right one, before anything is written. @throws SluiceError `disk_*` */
  confirm?: (() => Promise<void>) | undefined;
  /** Puts finished files on the disk. */
  syncer?: Syncer | undefined;
}

export interface DiscardedBytes {
  files: readonly MarkedFile[];
  keepFile: boolean;
}

export class DownloadFolder {
  readonly #dir: string;
  readonly #instance: string | null;
  readonly #confirm: () => Promise<void>;
  readonly #syncer: Syncer;
  readonly #spares: SpareWorkDirs;
  readonly #records = new LateRecords();
  readonly #asides: SetAsideWorkDirs;
  /** Downloads of which a failed sync left bytes that could not be removed. */
  readonly #damaged = new Set<string>();
  /** In which boot, and which epoch of the disk, the attempt at a download began. */
  readonly #boots = new Map<string, string>();
  #lastRemovalSync: Promise<void> = Promise.resolve();
  #nextRemovalSync: Promise<void> | null = null;

  /** @param instance owner of the work dirs; null = no owner is recorded, and none is found */
  constructor(dir: string, instance: string | null, parts: DownloadFolderParts = {}) {
    const { confirm = () => Promise.resolve(), syncer = createSyncer(dir) } = parts;
    this.#dir = dir;
    this.#confirm = confirm;
    this.#instance = instance;
    this.#syncer = syncer;
    this.#spares = new SpareWorkDirs(dir);
    this.#asides = new SetAsideWorkDirs(dir);
  }

  /**
   * Creates the work dir and records its owner. A file that landed before a power cut and was not synced is taken back.
   * @throws SluiceError `disk_*`
   */
  async prepare(session: string, download: string): Promise<WorkDir> {
    await this.#confirm();
    await this.#records.stop(this.#workDir(download));
    this.#boots.set(download, bootId());
    if (this.#damaged.has(download)) await this.#discardUnsynced(download);
    await this.#asides.takeBack(download);
    if (await this.#spares.reuse(session, download)) return { path: this.#workDir(download), isNew: true };
    const workDir = await prepareWorkDir(this.#dir, download, this.#confirm);
    try {
      if (!workDir.isNew && !(await isOfThisBoot(workDir.path))) {
        await retractUnsynced({ workDir: workDir.path, downloadDir: this.#dir });
      }
      if (this.#instance !== null) await recordOwner(workDir.path, { instance: this.#instance, session });
    } catch (thrown) {
      throw toDiskError(thrown);
    }
    return workDir;
  }

  /** Whether an earlier attempt has left a work dir; one that was set aside is given back. */
  async hasWorkDir(download: string): Promise<boolean> {
    await this.#asides.takeBack(download);
    return await access(this.#workDir(download)).then(
      () => true,
      (thrown: unknown) => errnoOf(thrown) !== 'ENOENT',
    );
  }

  /**
   * The downloads that have a work dir of this instance, by session.
   * @param ownersOf the sessions that know these downloads: a power cut may have emptied the notes in their work dirs
   * @throws SluiceError `disk_*`
   */
  async findWorkDirs(ownersOf: OwnersOf): Promise<Map<string, string[]>> {
    const bySession = new Map<string, string[]>();
    if (this.#instance === null) return bySession;
    const add = (session: string, download: string): void => {
      const known = bySession.get(session);
      if (known) known.push(download);
      else bySession.set(session, [download]);
    };
    const ownerless: string[] = [];
    try {
      await findWorkDirs(this.#dir, this.#instance, ({ session, download }) => {
        if (session === null) ownerless.push(download);
        else add(session, download);
      });
      await removeExpired(this.#dir, this.#instance, Date.now());
    } catch (thrown) {
      throw toDiskError(thrown);
    }
    if (ownerless.length === 0) return bySession;
    for (const [download, session] of await ownersOf(ownerless)) add(session, download);
    return bySession;
  }

  /** Keeps a work dir for 30 days under another name; `prepare` gives it back to its download. @throws SluiceError `disk_*` */
  async setWorkDirAside(download: string): Promise<void> {
    await this.#records.stop(this.#workDir(download));
    await this.#asides.add(download);
  }

  /** Completes a move that a crash interrupted; null = there is none. @throws SluiceError `disk_*` */
  async resumeFinish(download: string): Promise<RecordedFile | null> {
    await this.#confirm();
    const file = await resumeFinish({ workDir: this.#workDir(download), downloadDir: this.#dir });
    return file && this.#withMark(file);
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
  async finish(download: string, result: FetchedFile, filename: string | null): Promise<RecordedFile> {
    // A name that the user chose gets the extension of the suggested one.
    const [, extension] = splitExtension(result.suggestedName);
    const name = safeFileName(filename ?? result.suggestedName, { ext: extension.slice(1) || null });
    const { path, bytes } = result;
    const workDir = this.#workDir(download);
    await this.#confirmSince(download);
    return this.#withMark(await finishFile({ workDir, downloadDir: this.#dir, path, bytes, name }));
  }

  /**
   * Puts a file that `finish` or `resumeFinish` returned on the disk. If that fails its bytes cannot be trusted any more,
   * also those that can still be read, and are removed.
   * @throws SluiceError `disk_*`; `file_missing` when somebody deleted it meanwhile
   */
  async sync(download: string, { name, bytes }: RecordedFile): Promise<void> {
    try {
      const workDir = this.#workDir(download);
      await syncLanded({ workDir, downloadDir: this.#dir, name }, this.#syncer);
      await this.#confirmSince(download);
      this.#records.add(workDir, bytes);
    } catch (thrown) {
      this.#damaged.add(download);
      await this.#discardUnsynced(download).catch(() => undefined);
      throw toDiskError(thrown);
    }
  }

  /** Also confirms that the disk was there all the time since `prepare`. */
  async #confirmSince(download: string): Promise<void> {
    await this.#confirm();
    const began = this.#boots.get(download);
    if (began !== undefined && began !== bootId())
      throw new SluiceError(
        'disk_error',
        'The disk was away while the file was fetched: some of it may be lost.',
      );
  }

  async #discardUnsynced(download: string): Promise<void> {
    // In another folder there is nothing to remove, and this one may come back.
    await this.#confirm();
    await this.undoFinish(download);
    await removeWorkDir(this.#dir, download);
    this.#damaged.delete(download);
  }

  /** Deletes the file that was moved out of the work dir, if there is one. @throws SluiceError `disk_*` */
  async undoFinish(download: string): Promise<void> {
    await undoFinish({ workDir: this.#workDir(download), downloadDir: this.#dir });
  }

  /**
   * Removes the work dir.
   * @param spareFor the session that may reuse the dir for its next download; null = none
   * @throws SluiceError `disk_*`
   */
  async removeWorkDir(download: string, spareFor: string | null): Promise<void> {
    this.#boots.delete(download);
    await this.#records.stop(this.#workDir(download));
    if (spareFor === null) await removeWorkDir(this.#dir, download);
    else await this.#spares.add(spareFor, download);
  }

  /** Removes the spare work dirs of a session. @throws SluiceError `disk_*` */
  removeSpares(session: string): Promise<void> {
    return this.#spares.remove(session);
  }

  /**
   * Deletes `files`, if they still have their marks, and, unless `keepFile`, the one that was moved out of the work dir. To
   * be called before that is removed: its journal alone names a file that was never reported.
   * @throws SluiceError `disk_*`
   */
  async deleteFiles(download: string, { files, keepFile }: DiscardedBytes): Promise<void> {
    // Under an empty mount point nothing is there to delete, and the disk may come back.
    await this.#confirm();
    if (!keepFile) await this.undoFinish(download);
    for (const { name, mark } of files) await deleteLanded(this.#dir, name, mark);
  }

  /**
   * Puts on the disk that removed files and work dirs are gone: a power cut would bring them back, and no session would
   * know them. One sync for all that ask while another runs.
   * @throws the errno of a sync that failed
   */
  syncRemovals(): Promise<void> {
    return (this.#nextRemovalSync ??= this.#lastRemovalSync.then(() => {
      this.#nextRemovalSync = null;
      const synced = this.#syncNames();
      this.#lastRemovalSync = synced.catch(() => undefined);
      return synced;
    }));
  }

  async #syncNames(): Promise<void> {
    await syncOnDisk(join(this.#dir, WORK_ROOT), 'sync').catch((thrown: unknown) => {
      // Removed with its last work dir, where no folder is marked.
      if (errnoOf(thrown) !== 'ENOENT') throw thrown;
    });
    await syncOnDisk(this.#dir, 'sync');
  }

  /** Removes `.sluice` when it is empty. */
  async close(): Promise<void> {
    await this.#records.close();
    await this.#spares.remove();
    await removeWorkRoot(this.#dir);
  }

  #workDir(download: string): string {
    return workDirOf(this.#dir, download);
  }

  async #withMark(file: RecordedFile): Promise<RecordedFile> {
    // No mark when the file was taken away at once.
    const found = await statFile(join(this.#dir, file.name)).catch(() => null);
    return found === null ? file : { ...file, mark: markOf(found) };
  }
}

/** The sessions that know these downloads, by download. */
export type OwnersOf = (downloads: readonly string[]) => Promise<ReadonlyMap<string, string>>;
