/**
 * Notices early that a person or a cleaner removed a work dir, or all files in it, while an engine works there: the
 * engine goes on writing to files without a name, and would only fail at the end.
 */
import { lstat, readdir } from 'node:fs/promises';
import { errnoOf } from './disk-error.ts';
import { JOURNAL_DRAFT } from './finish/journal.server.ts';
import { OWNER_FILE } from './work-owner.server.ts';

export class WorkDirWatch {
  readonly #path: string;
  readonly #inode: bigint;
  #hadFiles = false;

  private constructor(path: string, inode: bigint) {
    this.#path = path;
    this.#inode = inode;
  }

  /** @throws the file system's own error */
  static async start(path: string): Promise<WorkDirWatch> {
    return new WorkDirWatch(path, (await lstat(path, { bigint: true })).ino);
  }

  /** Only meaningful while the download dir is in order. Other errors than a missing dir are not for it to report. */
  async isLost(): Promise<boolean> {
    try {
      if ((await lstat(this.#path, { bigint: true })).ino !== this.#inode) return true;
      // Twice: a rename within the dir may show neither name.
      const hasFiles = (await this.#hasFiles()) || (await this.#hasFiles());
      const isEmptied = this.#hadFiles && !hasFiles;
      this.#hadFiles = hasFiles;
      return isEmptied;
    } catch (thrown) {
      return errnoOf(thrown) === 'ENOENT';
    }
  }

  async #hasFiles(): Promise<boolean> {
    return (await readdir(this.#path)).some((name) => name !== OWNER_FILE && name !== JOURNAL_DRAFT);
  }
}
