/**
 * The rows of all objects in one SQLite file. A write goes straight into an open transaction, so reads and
 * listings need no merging; a savepoint for each turn that writes takes it back when it throws (1 µs).
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SluiceError } from '../../protocol/error.ts';
import type { CopiedStore } from './daily-copy.server.ts';
import { type OpenOptions, openDatabase, toStoreError } from './open.server.ts';
import type { ActorName, ActorRows, AlarmRow, DueAlarm, Store } from './store.ts';

const SQL = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  savepoint: 'SAVEPOINT attempt',
  undo: 'ROLLBACK TO attempt',
  release: 'RELEASE attempt',
  find: 'SELECT row FROM actors WHERE class = ? AND id = ?',
  create: 'INSERT INTO actors (class, id) VALUES (?, ?) RETURNING row',
  ids: `SELECT id FROM actors WHERE class = ? AND id > ? AND (
    EXISTS (SELECT 1 FROM entries WHERE actor = row) OR EXISTS (SELECT 1 FROM alarms WHERE actor = row)
  ) ORDER BY id LIMIT ?`,
  get: 'SELECT value FROM entries WHERE actor = ? AND key = ?',
  put: 'INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  delete: 'DELETE FROM entries WHERE actor = ? AND key = ?',
  up: 'SELECT key, value FROM entries WHERE actor = ? AND key >= ? AND key < ? ORDER BY key',
  down: 'SELECT key, value FROM entries WHERE actor = ? AND key >= ? AND key < ? ORDER BY key DESC',
  // octet_length does not read what lies on overflow pages.
  size: `SELECT total(octet_length(key) + octet_length(value)) AS bytes, max(key) AS last FROM (
    SELECT key, value FROM entries WHERE actor = ? AND key > ? ORDER BY key LIMIT ?)`,
  getAlarm: 'SELECT at, retries FROM alarms WHERE actor = ?',
  setAlarm: 'INSERT OR REPLACE INTO alarms VALUES (?, ?, ?)',
  deleteAlarm: 'DELETE FROM alarms WHERE actor = ?',
  alarms: 'SELECT class, id, at, retries FROM alarms JOIN actors ON row = actor ORDER BY at LIMIT ?',
} as const;

/** Objects without a row left are swept when the store opens, not while handles may hold their number. */
const SWEEP = `DELETE FROM actors WHERE row NOT IN (SELECT actor FROM entries)
  AND row NOT IN (SELECT actor FROM alarms)`;

/** SQLite sorts every BLOB after all TEXT. */
const BEYOND_TEXT = new Uint8Array(0);

type Statements = Record<keyof typeof SQL, StatementSync>;

/** @throws SluiceError as `openDatabase` */
export function openStore(file: string, options: OpenOptions = {}): Store & CopiedStore {
  const database = openDatabase(file, options);
  try {
    return new SqliteStore(database);
  } catch (error) {
    database.close();
    throw toStoreError(error);
  }
}

class SqliteStore implements Store, CopiedStore {
  readonly #database: DatabaseSync;
  readonly statements: Statements;
  /** Handles whose row was made in the open transaction: gone with a rollback. */
  #created: Rows[] = [];
  isDirty = false;
  writes = 0;
  /** Attempts under way, one in the other. */
  #attempts = 0;
  /** Those in which something was written: each has a savepoint. */
  #savepoints = 0;
  /** Why a turn could not be taken back: the commit must not store half of it. */
  #undoError: SluiceError | null = null;

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(SWEEP);
    const entries = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)] as const);
    this.statements = Object.fromEntries(entries) as Statements;
    for (const name of ['up', 'down'] as const) this.statements[name].setReturnArrays(true);
  }

  rows(name: ActorName): ActorRows {
    return new Rows(this, name);
  }

  /** Runs a write inside the open transaction, beginning it when there is none. */
  write<T>(change: () => T): T {
    try {
      if (!this.isDirty) this.statements.begin.run();
      this.isDirty = true;
      for (; this.#savepoints < this.#attempts; this.#savepoints += 1) this.statements.savepoint.run();
      this.writes += 1;
      return change();
    } catch (error) {
      throw toStoreError(error);
    }
  }

  attempt<T>(work: () => T): T {
    this.#attempts += 1;
    try {
      const result = work();
      if (this.#savepoints === this.#attempts) this.#endSavepoint();
      return result;
    } catch (error) {
      if (this.#savepoints === this.#attempts) this.#undo();
      throw error;
    } finally {
      this.#attempts -= 1;
    }
  }

  #undo(): void {
    for (const rows of this.#created) rows.forget();
    try {
      this.statements.undo.run();
      this.#endSavepoint();
    } catch (error) {
      this.#undoError = toStoreError(error);
    }
  }

  #endSavepoint(): void {
    this.statements.release.run();
    this.#savepoints -= 1;
  }

  /** A damaged page shows itself when it is read. */
  read<T>(look: () => T): T {
    try {
      return look();
    } catch (error) {
      throw toStoreError(error);
    }
  }

  create(rows: Rows, name: ActorName): number {
    this.#created.push(rows);
    return (this.statements.create.get(name.class, name.id) as { row: number }).row;
  }

  commit(): void {
    try {
      if (this.#undoError !== null) throw this.#undoError;
      this.statements.commit.run();
    } catch (error) {
      throw toStoreError(error);
    }
    this.#ended();
  }

  rollback(): void {
    for (const rows of this.#created) rows.forget();
    // A full disk may have made SQLite roll back by itself.
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    this.#ended();
  }

  #ended(): void {
    this.#created = [];
    this.#savepoints = 0;
    this.#undoError = null;
    this.isDirty = false;
    this.writes = 0;
  }

  alarms(limit: number): DueAlarm[] {
    return this.statements.alarms.all(limit) as unknown as DueAlarm[];
  }

  ids(className: string, after: string, limit: number): string[] {
    return this.statements.ids.all(className, after, limit).map((row) => row.id as string);
  }

  /**
   * Between two turns, all at once: 150 ms for 64 MiB. `backup()` of node:sqlite would leave the loop alone, but fails
   * when a transaction is open at one of its steps: 25 of 40 times beside a busy writer.
   */
  async copyTo(file: string): Promise<void> {
    while (this.isDirty) await new Promise((resolve) => setImmediate(resolve));
    try {
      this.#database.prepare('VACUUM INTO ?').run(file);
    } catch (error) {
      throw toStoreError(error);
    }
  }

  close(): void {
    try {
      this.#database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } finally {
      this.#database.close();
    }
  }
}

class Rows implements ActorRows {
  readonly #store: SqliteStore;
  readonly #name: ActorName;
  /** Null until the first write makes it; undefined = not looked up yet. */
  #row: number | null | undefined = undefined;

  constructor(store: SqliteStore, name: ActorName) {
    this.#store = store;
    this.#name = name;
  }

  forget(): void {
    this.#row = undefined;
  }

  /** Null when nothing of this object is stored. */
  #find(): number | null {
    if (this.#row !== undefined) return this.#row;
    const found = this.#store.read(() => this.#store.statements.find.get(this.#name.class, this.#name.id));
    this.#row = found === undefined ? null : (found.row as number);
    return this.#row;
  }

  get(key: string): string | undefined {
    const row = this.#find();
    if (row === null) return undefined;
    return this.#store.read(() => this.#store.statements.get.get(row, key)?.value) as string | undefined;
  }

  put(key: string, text: string): void {
    this.#store.write(() => {
      this.#row = this.#find() ?? this.#store.create(this, this.#name);
      this.#store.statements.put.run(this.#row, key, text);
    });
  }

  delete(key: string): boolean {
    const row = this.#find();
    if (row === null) return false;
    return this.#store.write(() => this.#store.statements.delete.run(row, key).changes === 1);
  }

  *list({ lower, upper, reverse }: Parameters<ActorRows['list']>[0]): Iterable<[string, string]> {
    const row = this.#find();
    if (row === null) return;
    const { up, down } = this.#store.statements;
    try {
      const rows = (reverse ? down : up).iterate(row, lower, upper ?? BEYOND_TEXT);
      yield* rows as unknown as Iterable<[string, string]>;
    } catch (error) {
      throw toStoreError(error);
    }
  }

  size(after: string, limit: number): { bytes: number; last: string | null } {
    const row = this.#find();
    if (row === null) return { bytes: 0, last: null };
    const { size } = this.#store.statements;
    return this.#store.read(() => size.get(row, after, limit)) as { bytes: number; last: string | null };
  }

  getAlarm(): AlarmRow | null {
    const row = this.#find();
    if (row === null) return null;
    const found = this.#store.read(() => this.#store.statements.getAlarm.get(row));
    return found === undefined ? null : { at: found.at as number, retries: found.retries as number };
  }

  setAlarm(alarm: AlarmRow | null): void {
    if (alarm === null) {
      const row = this.#find();
      if (row !== null) this.#store.write(() => this.#store.statements.deleteAlarm.run(row));
      return;
    }
    this.#store.write(() => {
      this.#row = this.#find() ?? this.#store.create(this, this.#name);
      this.#store.statements.setAlarm.run(this.#row, alarm.at, alarm.retries);
    });
  }
}
