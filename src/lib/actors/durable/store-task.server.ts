/**
 * Work on a whole store that nobody writes to: copying and checking. It takes 2 to 10 ms a MiB, so a server does it in a
 * thread (`store-worker.server.ts`), on its own file while that is frozen.
 */
import fs from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { SluiceError } from '../../protocol/error.ts';
import { checkedText, hasChecksum, seedOf } from './checked-text.server.ts';
import { type StoreCopy, copiesOf, unfinishedOf } from './copies.server.ts';
import { addressOf, immutable, inspectDatabase } from './inspect.server.ts';
import { readId } from './open-marker.server.ts';
import { STORE_VERSION, toStoreError } from './open.server.ts';
import { number, text } from './pragma.server.ts';

export type StoreTask =
  /** A server's own file, which it keeps from changing. `to` must not be there. */
  { task: 'copy'; from: string; to: string } | { task: 'check'; from: string };

export interface DamagedEntry {
  class: string;
  id: string;
  key: string;
}

export interface CopyReport {
  name: string;
  kind: StoreCopy['kind'];
  /** ISO 8601. */
  at: string;
  bytes: number;
  /** null = it cannot be read: `problem` says why. */
  rows: number | null;
  problem: string | null;
}

export interface StoreCheck {
  version: number;
  id: string | null;
  /** Stored values. */
  rows: number;
  /** Values without a checksum: written by an earlier version. */
  unchecked: number;
  /** Damaged values, 100 at most are named. */
  damaged: DamagedEntry[];
  damagedCount: number;
  /** Damaged values that were replaced, and are kept. */
  setAside: DamagedEntry[];
  /** What SQLite finds wrong with the file; empty = nothing. */
  problems: string[];
  /** What lies beside it, the newest first. */
  copies: CopyReport[];
}

const NAMED = 100;

/** @throws SluiceError `store_*`, `disk_*`, `data_dir_busy` */
export function runTask(task: StoreTask): StoreCheck | null {
  // Its WAL is empty, and the lock on it is the server's.
  if (task.task === 'check') return checkStore(task.from, immutable(task.from));
  copyStore(immutable(task.from), task.to);
  return null;
}

/** Everything that can be checked. A file that is no store is refused. @throws SluiceError as `runTask` */
export function checkStore(file: string, address: string | URL = addressOf(file)): StoreCheck {
  return reading(file, address, (database) => {
    const version = versionOf(database, path.basename(file));
    const problems = database
      .prepare('PRAGMA integrity_check(20)')
      .all()
      .map((row) => String(row['integrity_check']))
      .filter((line) => line !== 'ok');
    return {
      version,
      id: readId(database),
      problems,
      copies: copyReports(file),
      ...checkValues(database, version),
    };
  });
}

/** As of now, into a new file. Of two at once one fails. @throws SluiceError as `runTask` */
export function copyStore(address: string | URL, to: string): void {
  reading(to, address, (database) => database.prepare('VACUUM INTO ?').run(to));
  fs.chmodSync(to, 0o600);
}

/** What lies beside a store, the newest first, each checked. */
export function copyReports(file: string): CopyReport[] {
  return copiesOf(file).map(reportOf);
}

/**
 * How many values a copy holds that is in order.
 * @throws SluiceError `store_corrupt`, `store_newer` for what is no store or damaged
 */
export function rowsOf(file: string): number {
  return reading(file, addressOf(file), (database) => {
    versionOf(database, path.basename(file));
    const verdict = text(database, 'PRAGMA quick_check(1)');
    if (verdict !== 'ok') throw new SluiceError('store_corrupt', damagedText(file), { cause: verdict });
    return number(database, 'SELECT count(*) FROM entries');
  });
}

function versionOf(database: DatabaseSync, name: string): number {
  const version = inspectDatabase(database, name, STORE_VERSION);
  if (version === 0) throw new SluiceError('store_missing', `${name} holds nothing.`);
  return version;
}

/** Of the store, into FILE: whole under its name, or not there. @throws SluiceError as `runTask` */
export async function writeCopy(
  to: string,
  copy: (unfinished: string) => void | Promise<void>,
): Promise<void> {
  if (fs.existsSync(to)) throw new SluiceError('invalid_filename', `${to} is there already.`);
  if (!fs.existsSync(path.dirname(to)))
    throw new SluiceError('disk_missing', `There is no folder ${path.dirname(to)}.`);
  const unfinished = unfinishedOf(to);
  try {
    await copy(unfinished);
    const descriptor = fs.openSync(unfinished, 'r+');
    fs.fsyncSync(descriptor);
    fs.closeSync(descriptor);
    giveName(unfinished, to);
  } catch (error) {
    throw toStoreError(error);
  } finally {
    fs.rmSync(unfinished, { force: true });
  }
}

/** Replaces nothing, where the file system has links. */
function giveName(unfinished: string, to: string): void {
  try {
    fs.linkSync(unfinished, to);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    fs.renameSync(unfinished, to);
  }
}

/** @param file named where it is damaged: it may be a copy */
function reading<T>(file: string, address: string | URL, work: (database: DatabaseSync) => T): T {
  let database: DatabaseSync | null = null;
  try {
    database = new DatabaseSync(address, { readOnly: true });
    return work(database);
  } catch (thrown) {
    const error = toStoreError(thrown);
    const isRead = error !== thrown && error.code === 'store_corrupt';
    throw isRead ? new SluiceError('store_corrupt', damagedText(file), { cause: thrown }) : error;
  } finally {
    database?.close();
  }
}

function damagedText(file: string): string {
  return `${path.basename(file)} is damaged.`;
}

type Values = Pick<StoreCheck, 'rows' | 'unchecked' | 'damaged' | 'damagedCount' | 'setAside'>;

function checkValues(database: DatabaseSync, version: number): Values {
  const values: Values = { rows: 0, unchecked: 0, damaged: [], damagedCount: 0, setAside: [] };
  const entries = database.prepare(
    'SELECT class, id, key, value FROM entries LEFT JOIN actors ON row = actor',
  );
  for (const entry of entries.iterate() as Iterable<Record<string, string>>) {
    values.rows += 1;
    const { class: className = '', id = '', key = '', value = '' } = entry;
    if (!hasChecksum(value)) values.unchecked += 1;
    if (checkedText(seedOf({ class: className, id }), key, value) !== null) continue;
    values.damagedCount += 1;
    if (values.damaged.length < NAMED) values.damaged.push(nameOf(entry));
  }
  if (version < 2) return values;
  const kept = database.prepare(
    'SELECT class, id, key FROM damaged LEFT JOIN actors ON row = actor ORDER BY at',
  );
  values.setAside = kept.all().map((entry) => nameOf(entry as Record<string, string>));
  return values;
}

/** An entry whose object is gone has no name. */
function nameOf({ class: className, id, key = '' }: Record<string, string>): DamagedEntry {
  return { class: className ?? '?', id: id ?? '?', key };
}

function reportOf({ kind, path: file, at, bytes }: StoreCopy): CopyReport {
  const report = { name: path.basename(file), kind, at: at.toISOString(), bytes };
  try {
    return { ...report, rows: rowsOf(file), problem: null };
  } catch (error) {
    return { ...report, rows: null, problem: toStoreError(error).message };
  }
}
