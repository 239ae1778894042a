/**
 * Notices early that a person or a cleaner removed a work dir, or all files in it, while an engine works there: the
 * engine goes on writing to files without a name, and would only fail at the end.
 */
import { lstat, readdir } from 'node:fs/promises';
import { errnoOf } from './disk-error.ts';
import { JOURNAL_DRAFT } from './finish/journal.server.ts';
import { OWNER_FILE } from './work-owner.server.ts';

const MAX_EMPTY_LOOKS = 2;

export class WorkDirWatch {
  readonly #path: string;
  readonly #inode: bigint;
  #hadFiles = false;
  #emptyLooks = 0;

  private constructor(path: string, inode: bigint) {
    this.#path = path;
    this.#inode = inode;
  }

  /** @throws the file system's own error */
  static async start(path: string): Promise<WorkDirWatch> {
    return new WorkDirWatch(path, (await lstat(path, { bigint: true })).ino);
  }

  /** Whether it is another dir or none. Only meaningful while the download dir is in order. */
  async isRemoved(): Promise<boolean> {
    try {
      return (await lstat(this.#path, { bigint: true })).ino !== this.#inode;
    } catch (thrown) {
      // Other errors are not for it to report.
      return errnoOf(thrown) === 'ENOENT';
    }
  }

  /**
   * As `isRemoved`, and also when all files in it are gone, at two calls in a row: an engine that begins anew may be
   * between removing its file and creating the next.
   * @param mayBeEmpty the engine has not received anything
   */
  async isLost({ mayBeEmpty }: { mayBeEmpty: boolean }): Promise<boolean> {
    if (await this.isRemoved()) return true;
    const hasFiles = await this.#hasFiles().catch(() => true);
    this.#hadFiles ||= hasFiles;
    const isEmpty = this.#hadFiles && !hasFiles && !mayBeEmpty;
    this.#emptyLooks = isEmpty ? this.#emptyLooks + 1 : 0;
    return this.#emptyLooks >= MAX_EMPTY_LOOKS;
  }

  async #hasFiles(): Promise<boolean> {
    return (await readdir(this.#path)).some((name) => name !== OWNER_FILE && name !== JOURNAL_DRAFT);
  }
}
