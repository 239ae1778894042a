/**
 * Small files beside a store, so that what was lost of it is noticed at the next start. `<file>.open` is there while a
 * process has the store: without a clean end the WAL holds what was acknowledged last, and a store without it opens as if
 * nothing were missing. `<file>.id` names the store that this folder had last: another one may be a mistake. `<file>.boot`
 * names the start of the machine since when all that was written to the WAL is there.
 */
import fs from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { toStoreError } from './open.server.ts';
import { number } from './pragma.server.ts';

/** Shorter than its header, a WAL holds nothing: https://sqlite.org/fileformat.html#walformat */
const WAL_HEADER_BYTES = 32;
/** A new UUID at each start of the machine: random(4). */
const BOOT_ID = '/proc/sys/kernel/random/boot_id';
/** In place of the WAL's inode. */
const OVERWRITTEN = { store: 'overwritten', wal: 'wal-overwritten' } as const;

export function openMarkerOf(file: string): string {
  return `${file}.open`;
}

export function idFileOf(file: string): string {
  return `${file}.id`;
}

export function bootFileOf(file: string): string {
  return `${file}.boot`;
}

/** The id of a store; null = an earlier version made it. */
export function readId(database: DatabaseSync): string | null {
  const hasId = database.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'store'`).get() !== undefined;
  if (!hasId) return null;
  return (database.prepare('SELECT id FROM store').get()?.['id'] ?? null) as string | null;
}

/** Called once the store is open. Its first write is what makes a WAL that is empty later a lost one. */
export function recordOpened(database: DatabaseSync, file: string): void {
  const id = readId(database);
  if (id === null) return;
  try {
    writeMarker(database, file, id);
  } catch (error) {
    // A full disk must not keep a server from starting: without the mark less is noticed, and nothing lost.
    fs.rmSync(openMarkerOf(file), { force: true });
    if (toStoreError(error).code !== 'disk_full') throw error;
  }
}

function writeMarker(database: DatabaseSync, file: string, id: string): void {
  // The id is in the file itself, and in its WAL: that of another store is noticed.
  touchStore(database);
  database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  touchStore(database);
  if (readText(idFileOf(file)) !== id) fs.writeFileSync(idFileOf(file), id, { mode: 0o600 });
  fs.writeFileSync(bootFileOf(file), readText(BOOT_ID) ?? '', { mode: 0o600 });
  fs.writeFileSync(openMarkerOf(file), inodesOf(file), { mode: 0o600 });
}

/** After an error of the disk the WAL may hold commits that were not acknowledged. */
export function recordDiskError(file: string): void {
  try {
    fs.rmSync(bootFileOf(file), { force: true });
  } catch {
    // The disk has failed.
  }
}

/** Whether the machine has run since the store was opened last, without an error of its disk. */
export function isOfThisBoot(file: string): boolean {
  const boot = readText(bootFileOf(file));
  return boot !== null && boot === readText(BOOT_ID);
}

/** Which file of a store another program has written to while it was open. */
export type Overwritten = 'store' | 'wal';

/** Called when it is noticed: what is there does not fit together, or is not all. Null = it is as it was. */
export function recordOverwritten(file: string, what: Overwritten | null): void {
  try {
    const mark = what === null ? inodesOf(file) : `${inodeOf(file)} ${OVERWRITTEN[what]}`;
    fs.writeFileSync(openMarkerOf(file), mark, { mode: 0o600 });
  } catch {
    // The log says it too.
  }
}

/** What another program had written to when the store was open last, and was not put right. */
export function overwrittenPart(file: string): Overwritten | null {
  const mark = readText(openMarkerOf(file));
  const parts = Object.keys(OVERWRITTEN) as Overwritten[];
  return parts.find((what) => mark === `${inodeOf(file)} ${OVERWRITTEN[what]}`) ?? null;
}

/** Called before the store is closed: a kill in between costs no more than the mark. */
export function recordClosed(database: DatabaseSync, file: string, isOwn: boolean): void {
  if (isOwn) fs.rmSync(openMarkerOf(file), { force: true });
  if (readId(database) !== null) database.exec('UPDATE store SET opened = -abs(opened)');
}

/** The store that this folder had last; null = none, or an earlier version. */
export function lastStoreId(file: string): string | null {
  return readText(idFileOf(file));
}

/** Writes the page with the id: the first of a new WAL. Below 0 the store was closed. */
export function touchStore(database: DatabaseSync): void {
  database.exec('UPDATE store SET opened = abs(opened) + 1');
}

/** In the store itself, as the mark may be out of reach when it is closed. */
export function wasClosed(database: DatabaseSync): boolean {
  return readId(database) !== null && number(database, 'SELECT opened FROM store') < 0;
}

/**
 * Whether the store was open when its process ended, and its WAL is gone or another file. False if the store file itself
 * was replaced: a person did that.
 */
export function hasLostWal(file: string): boolean {
  const mark = readText(openMarkerOf(file));
  if (mark === null || !mark.startsWith(`${inodeOf(file)} `)) return false;
  const bytes = fs.statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0;
  return bytes < WAL_HEADER_BYTES || mark !== inodesOf(file);
}

function inodesOf(file: string): string {
  return `${inodeOf(file)} ${inodeOf(`${file}-wal`)}`;
}

/** Without the device, which may get another number when the machine starts. */
function inodeOf(file: string): string {
  return String(fs.statSync(file, { bigint: true, throwIfNoEntry: false })?.ino ?? '');
}

function readText(path: string): string | null {
  try {
    return fs.readFileSync(path, 'utf8').trim() || null;
  } catch {
    return null;
  }
}
