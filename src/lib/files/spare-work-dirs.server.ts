/**
 * Emptied work dirs, reused for the next download of their session together with the files that every work dir has.
 * Creating and removing inodes is expensive: ext4 without a journal checks every inode removed in the last minutes
 * before it allocates one. With three inodes for each of 120 small files a second that was a third of the server's CPU
 * (`recently_deleted` and its callees, profiled with perf).
 */
import { JOURNAL_DRAFT, revertToDraft } from './finish/journal.server.ts';
import { emptyWorkDir, removeEmptied, reuseWorkDir, workDirOf } from './work-dir.server.ts';
import { OWNER_FILE } from './work-owner.server.ts';

/** Spares arrive in bursts, whenever a batch of finished files is synced. */
const MAX_SPARES = 256;
const KEPT_FILES = [OWNER_FILE, JOURNAL_DRAFT];

export class SpareWorkDirs {
  readonly #downloadDir: string;
  /** On disk named like a dir that is being removed, so that after a crash the next start removes them. */
  #spares: { session: string; path: string }[] = [];

  constructor(downloadDir: string) {
    this.#downloadDir = downloadDir;
  }

  /**
   * Turns a spare into the work dir of a new download; false = there is no spare, or the download has a work dir.
   * @throws SluiceError `disk_*`
   */
  async reuse(session: string, download: string): Promise<boolean> {
    const at = this.#spares.findIndex((spare) => spare.session === session);
    const [spare] = at < 0 ? [] : this.#spares.splice(at, 1);
    if (!spare) return false;
    if (await reuseWorkDir(spare.path, this.#downloadDir, download)) return true;
    await removeEmptied(spare.path);
    return false;
  }

  /** Empties a work dir and keeps it as a spare of the session. @throws SluiceError `disk_*` */
  async add(session: string, download: string): Promise<void> {
    await revertToDraft(workDirOf(this.#downloadDir, download));
    const path = await emptyWorkDir(this.#downloadDir, download, KEPT_FILES);
    if (path === null) return;
    if (this.#spares.length < MAX_SPARES) this.#spares.push({ session, path });
    else await removeEmptied(path);
  }

  /** Removes the spares of a session, or all. @throws SluiceError `disk_*` */
  async remove(session?: string): Promise<void> {
    const removed = this.#spares.filter((spare) => session === undefined || spare.session === session);
    this.#spares = this.#spares.filter((spare) => !removed.includes(spare));
    for (const { path } of removed) await removeEmptied(path);
  }
}
