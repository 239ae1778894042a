/**
 * Opens the SQLite file of a data dir for one process alone. What is damaged or newer is refused and left as it
 * is; before a change of the schema a copy is kept beside it.
 */
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type ErrorCode, SluiceError } from '../../protocol/error.ts';
import { finishCopy, keepDamaged, restorable, unfinishedOf, upgradeCopyOf } from './copies.server.ts';
import { APPLICATION_ID, ForeignStore, inspectStore } from './inspect.server.ts';
import { number, text } from './pragma.server.ts';

/** Versions before it can damage a WAL database on a checkpoint race. Source: design, facts about SQLite. */
const LEAST_SQLITE = [3, 51, 3];
/** A predecessor that was just killed needs a moment to let go. */
const LOCK_WAIT_MS = 500;
const JOURNAL_BYTES = 16 * 1024 * 1024;

/** Each brings the file from version N to N + 1. Only ever add at the end. */
const MIGRATIONS: readonly string[] = [
  `CREATE TABLE actors (row INTEGER PRIMARY KEY, class TEXT NOT NULL, id TEXT NOT NULL, UNIQUE (class, id)) STRICT;
   CREATE TABLE entries (
     actor INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (actor, key)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE alarms (actor INTEGER PRIMARY KEY, at INTEGER NOT NULL, retries INTEGER NOT NULL) STRICT;
   CREATE INDEX alarms_by_time ON alarms (at);`,
  // From here on values carry a checksum (`checked-text.server.ts`). `damaged` keeps what a repair has replaced.
  `CREATE TABLE store (id TEXT NOT NULL, opened INTEGER NOT NULL) STRICT;
   INSERT INTO store VALUES (lower(hex(randomblob(16))), 0);
   CREATE TABLE damaged (actor INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, at INTEGER NOT NULL) STRICT;`,
  // From here on a checksum covers the object too, which earlier versions would take for damage.
  '',
];

/** The newest version that this Sluice reads. */
export const STORE_VERSION = MIGRATIONS.length;

export interface OpenOptions {
  /** The file may not grow beyond this; then writes fail with `disk_full`. null = as the disk allows. */
  maxBytes?: number | null;
  /** For tests of an upgrade. */
  migrations?: readonly string[];
}

/**
 * @throws SluiceError `data_dir_busy`, `store_corrupt`, `store_newer`, `disk_denied`, `disk_read_only`,
 *   `disk_missing`, `disk_full`, `disk_error`
 */
export function openDatabase(file: string, options: OpenOptions = {}): DatabaseSync {
  prepareFile(file);
  const migrations = options.migrations ?? MIGRATIONS;
  let database: DatabaseSync | null = null;
  try {
    checkSqlite();
    inspectStore(file, migrations.length, LOCK_WAIT_MS);
    database = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
    configure(database, file, migrations, options.maxBytes ?? null);
    return database;
  } catch (thrown) {
    database?.close();
    throw refused(file, toStoreError(thrown));
  }
}

/** Sessions' state is private: what we make is readable by its owner only. */
function prepareFile(file: string): void {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
  } catch (error) {
    throw toStoreError(error);
  }
  try {
    // For the WAL beside it.
    fs.accessSync(path.dirname(file), fs.constants.W_OK | fs.constants.X_OK);
    // Opening and closing a file that SQLite has locked in this process would drop the lock: only when it is new.
    if (fs.existsSync(file)) fs.accessSync(file, fs.constants.R_OK | fs.constants.W_OK);
    else fs.closeSync(fs.openSync(file, 'wx', 0o600));
  } catch (error) {
    // Another process was faster: the lock will show it.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw toStoreError(error);
  }
}

function refused(file: string, error: SluiceError): SluiceError {
  if (error.code !== 'store_corrupt') return error;
  if (error instanceof ForeignStore)
    return new SluiceError('store_corrupt', `${error.message} ${remedy(file)}`, { cause: error });
  const damaged = keepDamaged(file);
  const kept = damaged === null ? '' : ` A copy is kept as ${damaged}.`;
  return new SluiceError('store_corrupt', `${error.message}${kept} ${remedy(file)}`, { cause: error });
}

function remedy(file: string): string {
  const whole = restorable(file).find(({ path: copy }) => isIntact(copy));
  if (whole === undefined)
    return 'There is no copy to go back to. If you have one, type: sluice store restore FILE. Or: sluice serve --new-store begins a new one.';
  return `What it was at ${whole.at.toISOString()} is in ${path.basename(whole.path)}. To go back to it, type: sluice store restore ${path.basename(whole.path)}.`;
}

/** None is recommended that has not been checked. */
function isIntact(copy: string): boolean {
  try {
    return inspectStore(copy, STORE_VERSION, 0) > 0;
  } catch {
    return false;
  }
}

function checkSqlite(): void {
  const database = new DatabaseSync(':memory:');
  const version = text(database, 'SELECT sqlite_version()').split('.').map(Number);
  database.close();
  if (isOlder(version, LEAST_SQLITE))
    throw new SluiceError('internal_error', `SQLite ${LEAST_SQLITE.join('.')} or newer is needed.`);
}

function configure(
  database: DatabaseSync,
  file: string,
  migrations: readonly string[],
  maxBytes: number | null,
): void {
  // Before the first read: that one takes the lock, and in this mode it is kept until close.
  database.exec('PRAGMA locking_mode = EXCLUSIVE');
  const found = number(database, 'PRAGMA user_version');
  if (text(database, 'PRAGMA journal_mode = WAL') !== 'wal') {
    throw new SluiceError('disk_error', 'The data folder is on a disk that SQLite cannot keep a WAL on.');
  }
  database.exec(`PRAGMA synchronous = FULL; PRAGMA journal_size_limit = ${JOURNAL_BYTES}`);
  if (number(database, 'PRAGMA synchronous') !== 2) {
    throw new SluiceError('internal_error', 'SQLite does not sync each commit.');
  }
  // WAL alone does not lock others out before the first write.
  database.exec('BEGIN EXCLUSIVE; COMMIT');
  // Left by the look before; alone with the file we keep that index in memory.
  fs.rmSync(`${file}-shm`, { force: true });
  if (found < migrations.length) migrate(database, file, found, migrations);
  if (maxBytes !== null) {
    const pages = Math.ceil(maxBytes / number(database, 'PRAGMA page_size'));
    database.exec(`PRAGMA max_page_count = ${pages}`);
  }
}

function migrate(database: DatabaseSync, file: string, from: number, migrations: readonly string[]): void {
  if (from > 0) keepCopy(database, upgradeCopyOf(file, from));
  database.exec('BEGIN EXCLUSIVE');
  try {
    for (const migration of migrations.slice(from)) database.exec(migration);
    database.exec(
      `PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}; COMMIT`,
    );
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** By SQLite itself: a copy by hand would miss the WAL, and closing its descriptor would drop our lock. */
function keepCopy(database: DatabaseSync, copy: string): void {
  const unfinished = unfinishedOf(copy);
  fs.rmSync(unfinished, { force: true });
  database.prepare('VACUUM INTO ?').run(unfinished);
  finishCopy(copy);
}

/** What SQLite or the file system threw, as an error with a code of ours. */
export function toStoreError(error: unknown): SluiceError {
  if (error instanceof SluiceError) return error;
  const { errcode, code } = error as { errcode?: number; code?: string };
  // The low byte is the primary result code: https://sqlite.org/rescode.html
  const known = errcode === undefined ? ERRNO[code ?? ''] : (RESULT[errcode] ?? RESULT[errcode & 0xff]);
  if (known === undefined) return new SluiceError('disk_error', 'The state store failed.', { cause: error });
  return new SluiceError(known[0], known[1], { cause: error });
}

type Known = [code: ErrorCode, message: string];
const DENIED: Known = ['disk_denied', 'The data folder cannot be read and written.'];
const READ_ONLY: Known = ['disk_read_only', 'The data folder is read-only.'];
const FULL: Known = ['disk_full', 'There is no room left for the state store.'];
const DAMAGED: Known = ['store_corrupt', 'The state store is damaged: it is left as it is.'];

const RESULT: Record<number, Known> = {
  3: DENIED,
  5: ['data_dir_busy', 'Another Sluice is using the data folder.'],
  8: READ_ONLY,
  10: ['disk_error', 'The disk of the data folder gave an error.'],
  11: DAMAGED,
  13: FULL,
  14: DENIED,
  26: DAMAGED,
  // SQLITE_IOERR_SHMSIZE: the WAL's index could not be made longer.
  4874: FULL,
};

const ERRNO: Record<string, Known> = {
  EACCES: DENIED,
  EPERM: DENIED,
  EROFS: READ_ONLY,
  ENOSPC: FULL,
  EDQUOT: FULL,
  ENOENT: ['disk_missing', 'The data folder is gone.'],
  EEXIST: ['disk_missing', 'The data folder is not a folder.'],
  ENOTDIR: ['disk_missing', 'The data folder is not a folder.'],
};

function isOlder(version: number[], least: number[]): boolean {
  for (const [index, part] of least.entries()) {
    const have = version[index] ?? 0;
    if (have !== part) return have < part;
  }
  return false;
}
