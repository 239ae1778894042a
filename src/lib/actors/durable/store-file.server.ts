/**
 * The file of an open store: detects that its path leads elsewhere or that another program writes to it, and checkpoints
 * its WAL.
 *
 * A store whose folder was removed, or lies below a mount that is gone, takes writes as before, into an inode that nobody
 * will find again. So the path is compared with the open file every 5 s, and before commits.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { SluiceError } from '../../protocol/error.ts';
import { type Clock, systemClock } from './clock.ts';
import {
  recordClosed,
  recordDiskError,
  recordOpened,
  recordOverwritten,
  type Overwritten,
  touchStore,
} from './open-marker.server.ts';
import { toStoreError } from './open.server.ts';
import { RESUMES_BY_ITSELF, OpenStoreFiles } from './open-store-files.server.ts';

const COMPARE_MS = 5000;
/** How old a comparison may be when something is acknowledged: two calls of stat, some 5 µs. */
const FRESH_MS = 250;
/** The WAL is brought into the file after so long without a commit, and at least once a minute. */
const IDLE_MS = 5000;
const CHECKPOINT_MS = 60_000;
/** SQLite's own: a commit that makes the WAL longer checkpoints. */
const AUTO_CHECKPOINT_PAGES = 1000;

/** Left to the end of the process. */
const UNCLOSED: DatabaseSync[] = [];

export class StoreFile {
  readonly path: string;
  /** A version with checksums, an id and marks. Not so for the tests of upgrades. */
  readonly hasChecksums: boolean;
  readonly #database: DatabaseSync;
  readonly #files: OpenStoreFiles;
  /** What another program has written to, which the next start is to know. */
  #overwritten: Overwritten | null = null;
  #clock: Clock = systemClock;
  #timer: unknown = null;
  #comparedAt = -Infinity;
  #committedAt = 0;
  #checkpointedAt = 0;
  /** Something was committed since the last checkpoint. */
  #isAhead = false;
  #frozen = 0;
  #refusal: string | null = null;
  #onRefusal: (reason: string | null) => void = () => {};
  #hasFailed = false;
  #isClosed = false;

  /** @param given the path as it was given: `file` is where its links led to at the start */
  constructor(database: DatabaseSync, file: string, given = file) {
    this.path = file;
    this.#database = database;
    this.#files = new OpenStoreFiles(database, file, given);
    this.hasChecksums = this.#files.hasId;
    try {
      recordOpened(database, file);
      this.#files.ownWal();
    } catch (error) {
      this.#files.close();
      throw error;
    }
  }

  /** Why nothing can be acknowledged now; null = it can. */
  get refusal(): string | null {
    return this.#refusal;
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Begins to compare and to checkpoint by itself.
   * @param onRefusal called when nothing can be acknowledged any more, with why, and with null when it can again
   */
  keep(clock: Clock = systemClock, onRefusal: (reason: string | null) => void = () => {}): void {
    this.#clock = clock;
    this.#onRefusal = onRefusal;
    this.#comparedAt = -Infinity;
    this.#checkpointedAt = clock.now();
    this.#wait();
  }

  /**
   * Before a transaction and before its commit.
   * @throws SluiceError `store_missing` when the path does not lead to this file, or another program has written to it
   */
  requireOwn(): void {
    const now = this.#clock.now();
    const isFresh = Math.abs(now - this.#comparedAt) < FRESH_MS && this.#files.overwritten() === null;
    // Once it was wrong, each commit looks again: it may be right by now.
    if (this.#refusal === null && isFresh) return;
    this.#compare(now);
    if (this.#refusal !== null && !this.#hasFailed) throw storeMissing(this.#refusal);
  }

  committed(): void {
    this.#committedAt = this.#clock.now();
    this.#isAhead = true;
    if (this.#hasFailed) this.#recovered();
    else this.wrote();
  }

  /** To be called after each write that is no commit. */
  wrote(): void {
    if (!this.#hasFailed && this.#overwritten === null) this.#files.wrote();
  }

  /** Reading or writing failed. @returns what its callers get */
  failed(error: SluiceError): SluiceError {
    if (!isIoError(error) && error.code !== 'store_corrupt') return error;
    if (this.#recordOverwritten()) {
      const why = this.#whyOverwritten() ?? '';
      this.#refuse(why);
      return storeMissing(why, error);
    }
    if (!isIoError(error) && this.#files.canRead()) return error;
    this.#hasFailed = true;
    recordDiskError(this.path);
    this.#files.unknown();
    const reason = `The disk of the data folder gives errors: ${causeOf(error)}. Look at the disk that holds SLUICE_DATA_DIR; ${RESUMES_BY_ITSELF}`;
    this.#refuse(reason);
    return storeMissing(reason, error);
  }

  /** Brings what the WAL holds into the file. Waits for nobody. @throws SluiceError `disk_*` */
  checkpoint(): void {
    if (this.#database.isTransaction || this.#frozen > 0) return;
    try {
      const done = this.#database.prepare('PRAGMA wal_checkpoint(PASSIVE)').get();
      this.#isAhead = done?.['log'] !== done?.['checkpointed'];
      if (this.hasChecksums && !this.#isAhead) touchStore(this.#database);
    } catch (error) {
      throw toStoreError(error);
    } finally {
      this.wrote();
    }
    this.#checkpointedAt = this.#clock.now();
  }

  /** As that of the storage. Nothing may be uncommitted. @throws SluiceError `store_missing`, `disk_*`, what `work` throws */
  async frozen<T>(work: (file: string) => Promise<T>): Promise<T> {
    this.#compare(this.#clock.now());
    if (this.#refusal !== null) throw storeMissing(this.#refusal);
    if (this.#frozen === 0) {
      this.checkpoint();
      if (this.#isAhead) throw new SluiceError('disk_error', 'The WAL could not be brought into the store.');
      this.#database.exec('PRAGMA wal_autocheckpoint = 0');
    }
    this.#frozen += 1;
    try {
      return await work(this.path);
    } finally {
      this.#frozen -= 1;
      if (this.#frozen === 0 && !this.#isClosed)
        this.#database.exec(`PRAGMA wal_autocheckpoint = ${AUTO_CHECKPOINT_PAGES}`);
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#clock.clearTimeout(this.#timer);
    const isOwn = this.#files.misled === null;
    // Left as it is: what a checkpoint brought into the file would not fit.
    const isOverwritten = this.#recordOverwritten();
    try {
      if (isOverwritten) return;
      recordClosed(this.#database, this.path, isOwn);
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      if (isOwn && !isOverwritten) this.#database.close();
      // Closing checkpoints, and deletes the WAL by its path, where now that of another store may be.
      else UNCLOSED.push(this.#database);
      this.#files.close();
    }
  }

  #wait(): void {
    this.#timer = this.#clock.setTimeout(() => {
      this.#tick();
      this.#wait();
    }, COMPARE_MS);
    // Nothing that has to be waited for.
    (this.#timer as Partial<NodeJS.Timeout>).unref?.();
  }

  #tick(): void {
    const now = this.#clock.now();
    this.#compare(now);
    if (this.#hasFailed) this.#probe();
    if (this.#refusal !== null || !this.#isAhead) return;
    // A clock that is set back must not keep it waiting.
    const [idleMs, aheadMs] = [this.#committedAt, this.#checkpointedAt].map((at) => Math.abs(now - at));
    if (Number(idleMs) < IDLE_MS && Number(aheadMs) < CHECKPOINT_MS) return;
    try {
      this.checkpoint();
    } catch (error) {
      // A full disk is seen by commits too; the WAL keeps all of it meanwhile.
      this.failed(toStoreError(error));
    }
  }

  #compare(now: number): void {
    this.#comparedAt = now;
    if (this.#hasFailed) return;
    const { misled } = this.#files;
    if (misled === null && !this.#files.hasWal && !this.#database.isTransaction) this.#renewWal();
    // Beginning another WAL failed.
    if (this.#hasFailed) return;
    this.#recordOverwritten();
    this.#refuse(misled ?? (this.#files.hasWal ? this.#whyOverwritten() : this.#withoutWal()));
  }

  /** Also for the next start, until it is as it was. */
  #recordOverwritten(): boolean {
    if (this.#files.misled !== null || !this.#files.hasWal) return false;
    const now = this.#files.overwritten();
    if (now !== this.#overwritten) recordOverwritten(this.path, now);
    this.#overwritten = now;
    return now !== null;
  }

  #whyOverwritten(): string | null {
    if (this.#overwritten === null) return null;
    const name = path.basename(this.path);
    return this.#overwritten === 'store'
      ? `${name} was overwritten by another program while it was in use: stop Sluice, and type: sluice store restore FILE, with the copy that you want to go on with.`
      : `${name}-wal was emptied or overwritten by another program while it was in use, and with it what was stored last: stop Sluice, and type: sluice store restore ${name}, which goes on with what is left.`;
  }

  #refuse(reason: string | null): void {
    const isNew = reason !== this.#refusal;
    this.#refusal = reason;
    if (isNew) this.#onRefusal(reason);
  }

  #withoutWal(): string {
    const wal = `${path.basename(this.path)}-wal`;
    return `${wal} is gone from the data folder: put it back into SLUICE_DATA_DIR; ${RESUMES_BY_ITSELF}`;
  }

  /** The WAL alone is gone: what it holds is saved while it is still open, and another one begun. */
  #renewWal(): void {
    if (this.#frozen > 0 || fs.existsSync(`${this.path}-wal`)) return;
    try {
      this.#database.exec('PRAGMA journal_mode = DELETE; PRAGMA journal_mode = WAL');
      recordOpened(this.#database, this.path);
      this.#files.ownWal();
    } catch (error) {
      this.failed(toStoreError(error));
    }
  }

  /** After an I/O error: a small commit says whether the disk works again. */
  #probe(): void {
    if (this.#database.isTransaction) return;
    try {
      if (this.#files.misled !== null) return;
      this.#database.exec('UPDATE store SET opened = opened');
      this.#recovered();
    } catch {
      // Not yet.
    }
  }

  #recovered(): void {
    this.#hasFailed = false;
    this.wrote();
    this.#compare(this.#clock.now());
  }
}

function storeMissing(reason: string, cause?: unknown): SluiceError {
  return new SluiceError('store_missing', `${reason} Nothing can be stored.`, { cause });
}

/** https://sqlite.org/rescode.html#ioerr and the codes above it. */
function isIoError({ cause }: SluiceError): boolean {
  const { errcode } = (cause ?? {}) as { errcode?: number };
  return errcode !== undefined && (errcode & 0xff) === 10;
}

function causeOf({ cause }: SluiceError): string {
  return cause instanceof Error ? cause.message : 'unknown';
}
