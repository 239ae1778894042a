/**
 * The file of an open store: detects that its path leads elsewhere, and checkpoints its WAL.
 *
 * A store whose folder was removed, or lies below a mount that is gone, takes writes as before, into an inode that nobody
 * will find again. So the path is compared with the open file every 5 s, and before commits.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { SluiceError } from '../../protocol/error.ts';
import { type Clock, systemClock } from './clock.ts';
import { noteClosed, noteOpened, touchStore } from './open-mark.server.ts';
import { toStoreError } from './open.server.ts';

const COMPARE_MS = 5000;
/** How old a comparison may be when something is acknowledged: two calls of stat, some 5 µs. */
const FRESH_MS = 250;
/** The WAL is brought into the file after so long without a commit, and at least once a minute. */
const IDLE_MS = 5000;
const CHECKPOINT_MS = 60_000;
/** SQLite's own: a commit that makes the WAL longer checkpoints. */
const AUTO_CHECKPOINT_PAGES = 1000;

/** What is at fault is named by its setting: messages never have a path of this machine, the log has. */
const GOES_ON = 'Sluice then goes on by itself.';

/** Left to the end of the process. */
const UNCLOSED: DatabaseSync[] = [];

export class StoreFile {
  readonly path: string;
  /** A version with checksums, an id and marks. Not so for the tests of upgrades. */
  readonly hasChecksums: boolean;
  readonly #database: DatabaseSync;
  readonly #given: string;
  /** Held so that the inode cannot be given to another file. Closed after the database: before, that would drop its lock. */
  readonly #descriptor: number;
  readonly #inode: string;
  #walInode: string | null;
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
    this.#given = given;
    this.#database = database;
    this.hasChecksums =
      database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'store'`).get() !== undefined;
    this.#descriptor = fs.openSync(file, 'r');
    try {
      this.#inode = inodeOf(fs.fstatSync(this.#descriptor, { bigint: true }));
      noteOpened(database, file);
    } catch (error) {
      fs.closeSync(this.#descriptor);
      throw error;
    }
    this.#walInode = this.#inodeAt(`${file}-wal`);
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

  /** @throws SluiceError `store_missing` when the path does not lead to this file */
  requireOwn(): void {
    const now = this.#clock.now();
    // Once it was wrong, each commit looks again: the path may be right by now.
    if (this.#refusal === null && Math.abs(now - this.#comparedAt) < FRESH_MS) return;
    this.#compare(now);
    if (this.#refusal !== null && !this.#hasFailed) throw storeMissing(this.#refusal);
  }

  committed(): void {
    this.#committedAt = this.#clock.now();
    this.#isAhead = true;
    if (this.#hasFailed) this.#recovered();
  }

  /** Reading or writing failed. @returns what its callers get */
  failed(error: SluiceError): SluiceError {
    if (!isIoError(error) && !(error.code === 'store_corrupt' && !this.#canRead())) return error;
    this.#hasFailed = true;
    const reason = `The disk of the data folder gives errors: ${causeOf(error)}. Look at the disk that holds SLUICE_DATA_DIR; ${GOES_ON}`;
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
    const isOwn = this.#difference() === null;
    try {
      noteClosed(this.#database, this.path, isOwn);
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      if (isOwn) this.#database.close();
      // Closing deletes the WAL by its path, where now that of another store may be.
      else UNCLOSED.push(this.#database);
      fs.closeSync(this.#descriptor);
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
    const difference = this.#difference();
    if (difference === null && !this.#hasWal && !this.#database.isTransaction) this.#renewWal();
    // Beginning another WAL failed.
    if (this.#hasFailed) return;
    this.#refuse(difference ?? (this.#hasWal ? null : this.#withoutWal()));
  }

  #refuse(reason: string | null): void {
    const isNew = reason !== this.#refusal;
    this.#refusal = reason;
    if (isNew) this.#onRefusal(reason);
  }

  #withoutWal(): string {
    const wal = `${path.basename(this.path)}-wal`;
    return `${wal} is gone from the data folder: put it back into SLUICE_DATA_DIR; ${GOES_ON}`;
  }

  #difference(): string | null {
    const name = path.basename(this.path);
    const now = this.#inodeAt(this.#given);
    if (now === null)
      return `${name} is gone from the data folder, or its disk is not mounted: bring SLUICE_DATA_DIR back; ${GOES_ON}`;
    if (now !== this.#inode)
      return `${name} in the data folder is another file than the one that is open: put that one back into SLUICE_DATA_DIR; ${GOES_ON}`;
    return null;
  }

  get #hasWal(): boolean {
    return this.#inodeAt(`${this.path}-wal`) === this.#walInode;
  }

  /** The WAL alone is gone: what it holds is saved while it is still open, and another one begun. */
  #renewWal(): void {
    if (this.#frozen > 0 || fs.existsSync(`${this.path}-wal`)) return;
    try {
      this.#database.exec('PRAGMA journal_mode = DELETE; PRAGMA journal_mode = WAL');
      noteOpened(this.#database, this.path);
      this.#walInode = this.#inodeAt(`${this.path}-wal`);
    } catch (error) {
      this.failed(toStoreError(error));
    }
  }

  #inodeAt(file: string): string | null {
    try {
      return inodeOf(fs.statSync(file, { bigint: true }));
    } catch {
      return null;
    }
  }

  /** SQLite takes a page that the disk does not give for a damaged one. */
  #canRead(): boolean {
    try {
      fs.readSync(this.#descriptor, Buffer.alloc(1), 0, 1, 0);
      fs.fdatasyncSync(this.#descriptor);
      return true;
    } catch {
      return false;
    }
  }

  /** After an I/O error: a small commit says whether the disk works again. */
  #probe(): void {
    if (this.#database.isTransaction) return;
    try {
      if (this.#difference() !== null) return;
      this.#database.exec('UPDATE store SET opened = opened');
      this.#recovered();
    } catch {
      // Not yet.
    }
  }

  #recovered(): void {
    this.#hasFailed = false;
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

function inodeOf({ dev, ino }: fs.BigIntStats): string {
  return `${dev}:${ino}`;
}
