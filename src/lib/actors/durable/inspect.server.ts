/**
 * Checks a store before anything may write to it. Opened read-only, because merely closing a connection
 * that may write copies the WAL into the file: a refused store must stay as it is, byte for byte.
 */
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';
import { SluiceError } from '../../protocol/error.ts';
import { upgradeCopies } from './copies.server.ts';
import { number, text } from './pragma.server.ts';

/** "SLUI": identifies Sluice's SQLite files. */
export const APPLICATION_ID = 0x534c5549;
/** Checking all pages at the start takes about 2 ms a MiB, and a start may take a second in all. */
export const CHECKED_BYTES = 64 * 1024 * 1024;

/** A SQLite file of another program, of which no copy is made. */
export class ForeignStore extends SluiceError {}

/**
 * @param newest the highest version that this Sluice knows
 * @returns the store's version, 0 for a new one
 * @throws SluiceError `store_corrupt`, `store_newer`; what SQLite throws
 */
export function inspectStore(file: string, newest: number, lockWaitMs: number): number {
  const database = new DatabaseSync(addressOf(file), { readOnly: true, timeout: lockWaitMs });
  try {
    const version = inspectDatabase(database, path.basename(file), newest, upgradeCopies(file));
    if (version > 0) check(database, path.basename(file));
    return version;
  } finally {
    database.close();
  }
}

/** As `inspectStore`, but for the form of its pages. `copies`: what it was before an upgrade is in one of these. */
export function inspectDatabase(
  database: DatabaseSync,
  name: string,
  newest: number,
  copies: readonly string[] = [],
): number {
  const version = number(database, 'PRAGMA user_version');
  if (version === 0 && number(database, 'SELECT count(*) FROM sqlite_schema') === 0) return 0;
  if (number(database, 'PRAGMA application_id') !== APPLICATION_ID)
    throw new ForeignStore('store_corrupt', `${name} is not a Sluice store: it is left as it is.`);
  if (version > newest) throw newer(name, version, newest, copies);
  return version;
}

/**
 * Without a WAL the file holds everything: opened as immutable, it needs no index file beside
 * it, for which a full disk has no room. A process that uses the store has a WAL, and is found by its lock.
 */
export function addressOf(file: string): string | URL {
  return (fs.statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0 ? file : immutable(file);
}

/** The file alone, without its WAL. Nobody may write to it meanwhile. */
export function immutable(file: string): URL {
  const address = pathToFileURL(file);
  address.searchParams.set('immutable', '1');
  return address;
}

function newer(name: string, version: number, newest: number, copies: readonly string[]): SluiceError {
  const hint = copies.length === 0 ? '' : ` What it was before the upgrade is kept: ${copies.join(', ')}.`;
  return new SluiceError(
    'store_newer',
    `${name} has version ${version}, this Sluice knows up to ${newest}: it is left as it is.${hint}`,
  );
}

function check(database: DatabaseSync, name: string): void {
  if (number(database, 'PRAGMA page_count') * number(database, 'PRAGMA page_size') > CHECKED_BYTES) return;
  const verdict = text(database, 'PRAGMA quick_check(1)');
  if (verdict === 'ok') return;
  throw new SluiceError('store_corrupt', `${name} is damaged: it is left as it is.`, { cause: verdict });
}
