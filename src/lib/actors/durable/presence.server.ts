/**
 * Whether there is a store at all. SQLite takes a missing or empty file for a new database, deletes a WAL beside an empty
 * one, and applies the WAL of another one: so this is checked first, and without writing.
 */
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { addressOf, immutable } from './inspect.server.ts';
import {
  hasLostWal,
  isOfThisBoot,
  lastStoreId,
  overwrittenPart,
  readId,
  wasClosed,
} from './open-marker.server.ts';
import { toStoreError } from './open.server.ts';
import { number } from './pragma.server.ts';
import { isWalDamaged } from './wal-damage.server.ts';

export type Presence =
  | { state: 'there' }
  /** Nothing is stored: right for a data dir that was never used. */
  | { state: 'empty'; why: string }
  /** Never right. */
  | { state: 'wrong'; why: string; /** A part of it can be restored. */ hasRest?: true };

const THERE: Presence = { state: 'there' };

/**
 * The store's file where the path of the data dir leads: SQLite keeps the WAL beside the file itself, not beside a link.
 */
export function storeFileOf(dir: string): string {
  const file = path.join(dir, 'sluice.db');
  try {
    return fs.realpathSync(file);
  } catch {
    return file;
  }
}

/**
 * @param file as `storeFileOf` gives it
 * @throws SluiceError `data_dir_busy` when another process has it open
 */
export function presenceOf(file: string): Presence {
  const name = path.basename(file);
  const link = fs.lstatSync(file, { throwIfNoEntry: false });
  if (link === undefined) return { state: 'empty', why: `${name} is not there` };
  const found = fs.statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return { state: 'wrong', why: `${name} leads to a file that is not there` };
  if (!found.isFile()) return { state: 'wrong', why: `${name} is not a file` };
  if (found.size === 0) return { state: 'empty', why: `${name} is empty` };
  requireUnlocked(file);
  const overwritten = overwrittenPart(file);
  if (overwritten === 'store')
    return {
      state: 'wrong',
      why: `${name} was overwritten by another program while Sluice had it open`,
      hasRest: true,
    };
  if (overwritten === 'wal')
    return {
      state: 'wrong',
      why: `${name}-wal, which holds the last changes, was emptied or overwritten by another program while Sluice had it open`,
      hasRest: true,
    };
  if (hasLostWal(file) && !isClosed(file))
    return { state: 'wrong', why: `${name}-wal, which holds the last changes, is missing or another file` };
  if (isWalDamaged(`${file}-wal`, isOfThisBoot(file)))
    return { state: 'wrong', why: `${name}-wal, which holds the last changes, is damaged`, hasRest: true };
  return identity(file, name);
}

/**
 * Whether another process holds the store. Not for an empty file: opening that one deletes its WAL.
 * @throws SluiceError `data_dir_busy`
 */
export function requireUnlocked(file: string): void {
  withSharedLock(file, () => undefined);
}

/**
 * Runs `work` while no server can have the store. Nothing is changed by it, and files that SQLite makes beside it go again.
 * @throws SluiceError `data_dir_busy`, and what `work` throws
 */
export function withSharedLock<T>(file: string, work: () => T): T {
  const stats = fs.statSync(file, { throwIfNoEntry: false });
  if (!stats?.isFile() || stats.size === 0) return work();
  const added = ['-wal', '-shm'].map((end) => file + end).filter((beside) => !fs.existsSync(beside));
  let database: DatabaseSync | null = null;
  try {
    try {
      database = new DatabaseSync(file, { readOnly: true });
      number(database, 'PRAGMA schema_version');
    } catch (thrown) {
      const error = toStoreError(thrown);
      if (error.code === 'data_dir_busy') throw error;
    }
    return work();
  } finally {
    database?.close();
    if (database !== null) for (const beside of added) fs.rmSync(beside, { force: true });
  }
}

/** Nothing was in the WAL, then. */
function isClosed(file: string): boolean {
  try {
    return readDatabase(immutable(file), wasClosed);
  } catch {
    return false;
  }
}

/** What cannot be read is left to the code that opens the store. */
function identity(file: string, name: string): Presence {
  let own: string | null;
  let merged: string | null;
  try {
    const tables = readDatabase(addressOf(file), (database) =>
      number(database, 'SELECT count(*) FROM sqlite_schema'),
    );
    if (tables === 0) return { state: 'empty', why: `${name} holds nothing` };
    merged = readDatabase(addressOf(file), readId);
  } catch {
    return THERE;
  }
  try {
    own = readDatabase(immutable(file), readId);
  } catch {
    // Cut off in the middle of a checkpoint: the WAL has it whole.
    own = merged;
  }
  if (own !== null && merged !== own)
    return { state: 'wrong', why: `${name}-wal is the WAL of another store` };
  const lastId = lastStoreId(file);
  if (merged !== null && lastId !== null && merged !== lastId && isNearly(merged, lastId))
    return {
      state: 'wrong',
      why: `${name}.id is damaged. If ${name} is that of this data folder, remove ${name}.id, and start again`,
    };
  if (merged !== null && lastId !== null && merged !== lastId)
    return { state: 'wrong', why: `${name} is the store of another data folder` };
  return THERE;
}

/** No id at all, or one that differs in a character or two: two stores have none of 32 in common but by chance. */
function isNearly(own: string, lastId: string): boolean {
  if (!/^[\da-f]{32}$/.test(lastId)) return true;
  return [...own].filter((digit, at) => digit !== lastId[at]).length <= 2;
}

function readDatabase<T>(address: string | URL, read: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(address, { readOnly: true });
  try {
    return read(database);
  } finally {
    database.close();
  }
}
