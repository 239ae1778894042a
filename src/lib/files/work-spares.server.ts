/**
 * Emptied work dirs that serve the next download of their session, with the files that each has anyway. A file system
 * pays for what is made and removed all the time: ext4 without a journal looks at every inode removed in the last
 * minutes before it gives one away. With three of them for each of 120 small files a second that was a third of the
 * server's CPU (`recently_deleted` and what it calls, in a profile by perf).
 */
import { JOURNAL_DRAFT, withdrawJournal } from './finish/journal.server.ts';
import { emptyWorkDir, removeEmptied, reuseWorkDir, workDirOf } from './work-dir.server.ts';
import { OWNER } from './work-owner.server.ts';

/** They come in bursts, whenever a round of finished files is synced. */
const KEPT_AT_MOST = 256;
const KEPT_FILES = [OWNER, JOURNAL_DRAFT];

export class SpareDirs {
  readonly #downloadDir: string;
  /** On the disk they have the name of a dir that is being removed: after a crash anybody may take them away. */
  #spares: { session: string; path: string }[] = [];

  constructor(downloadDir: string) {
    this.#downloadDir = downloadDir;
  }

  /**
   * Makes a spare the work dir of a new download; false = there is none, or the download is not new.
   * @throws SluiceError `disk_*`
   */
  async take(session: string, download: string): Promise<boolean> {
    const at = this.#spares.findIndex((spare) => spare.session === session);
    const [spare] = at < 0 ? [] : this.#spares.splice(at, 1);
    if (!spare) return false;
    if (await reuseWorkDir(spare.path, this.#downloadDir, download)) return true;
    await removeEmptied(spare.path);
    return false;
  }

  /** Empties a work dir and keeps it. @throws SluiceError `disk_*` */
  async keep(session: string, download: string): Promise<void> {
    await withdrawJournal(workDirOf(this.#downloadDir, download));
    const path = await emptyWorkDir(this.#downloadDir, download, KEPT_FILES);
    if (path === null) return;
    if (this.#spares.length < KEPT_AT_MOST) this.#spares.push({ session, path });
    else await removeEmptied(path);
  }

  /** Removes those of a session, or all. @throws SluiceError `disk_*` */
  async clear(session?: string): Promise<void> {
    const isMeant = (spare: { session: string }): boolean =>
      session === undefined || spare.session === session;
    const cleared = this.#spares.filter(isMeant);
    this.#spares = this.#spares.filter((spare) => !isMeant(spare));
    for (const { path } of cleared) await removeEmptied(path);
  }
}
