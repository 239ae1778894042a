/**
 * The rows of all objects in one SQLite file. A write goes straight into an open transaction, so reads and
 * listings need no merging; undoing one turn is the business of `undo.ts`.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { CopiedStore } from './daily-copy.server.ts';
import { type OpenOptions, openDatabase, toStoreError } from './open.server.ts';
import type { ActorName, ActorRows, AlarmRow, DueAlarm, Store } from './store.ts';

const SQL = {
  begin: 'BEGIN IMMEDIATE',
  commit: 'COMMIT',
  find: 'SELECT row FROM actors WHERE class = ? AND id = ?',
  create: 'INSERT INTO actors (class, id) VALUES (?, ?) RETURNING row',
  ids: `SELECT id FROM actors WHERE class = ? AND id > ? AND (
    EXISTS (SELECT 1 FROM entries WHERE actor = row) OR EXISTS (SELECT 1 FROM alarms WHERE actor = row)
  ) ORDER BY id LIMIT ?`,
  get: 'SELECT value FROM entries WHERE actor = ? AND key = ?',
  put: 'INSERT INTO entries VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
  delete: 'DELETE FROM entries WHERE actor = ? AND key = ?',
  clear: 'DELETE FROM entries WHERE actor = ?',
  up: 'SELECT key, value FROM entries WHERE actor = ? AND key >= ? ORDER BY key',
  upTo: 'SELECT key, value FROM entries WHERE actor = ? AND key >= ? AND key < ? ORDER BY key',
  down: 'SELECT key, value FROM entries WHERE actor = ? AND key >= ? ORDER BY key DESC',
  downFrom: 'SELECT key, value FROM entries WHERE actor = ? AND key >= ? AND key < ? ORDER BY key DESC',
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

  constructor(database: DatabaseSync) {
    this.#database = database;
    database.exec(SWEEP);
    const entries = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)] as const);
    this.statements = Object.fromEntries(entries) as Statements;
    for (const name of ['up', 'upTo', 'down', 'downFrom'] as const)
      this.statements[name].setReturnArrays(true);
  }

  rows(name: ActorName): ActorRows {
    return new Rows(this, name);
  }

  /** Runs a write inside the open transaction, beginning it when there is none. */
  write<T>(change: () => T): T {
    try {
      if (!this.isDirty) this.statements.begin.run();
      this.isDirty = true;
      this.writes += 1;
      return change();
    } catch (error) {
      throw toStoreError(error);
    }
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
    const { up, upTo, down, downFrom } = this.#store.statements;
    try {
      const rows =
        upper === null
          ? (reverse ? down : up).iterate(row, lower)
          : (reverse ? downFrom : upTo).iterate(row, lower, upper);
      yield* rows as unknown as Iterable<[string, string]>;
    } catch (error) {
      throw toStoreError(error);
    }
  }

  clear(): void {
    const row = this.#find();
    if (row === null) return;
    this.#store.write(() => {
      this.#store.statements.clear.run(row);
      this.#store.statements.deleteAlarm.run(row);
    });
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
