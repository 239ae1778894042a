/**
 * The rows of all objects in one SQLite file. A write goes straight into an open transaction, so reads and
 * listings need no merging; a savepoint for each turn that writes takes it back when it throws (1 µs).
 */
import type { DatabaseSync } from 'node:sqlite';
import type { SluiceError } from '../../protocol/error.ts';
import { BackgroundScan } from './background-scan.server.ts';
import type { CopiedStore } from './daily-copy.server.ts';
import { checkedText, seedOf, uncheckedText, withChecksum } from './checked-text.server.ts';
import { damageOf, DamagedValue } from './damaged-value.ts';
import { mendFlippedKeys, type ReportFlip } from './flipped-keys.server.ts';
import { type OpenOptions, openDatabase, toStoreError } from './open.server.ts';
import { BEYOND_TEXT, KEEP_DAMAGED, prepared, type Statements, sweep } from './sql.server.ts';
import { StoreFile } from './store-file.server.ts';
import { runStoreTask } from './store-thread.server.ts';
import type { ActorName, ActorRows, AlarmRow, DueAlarm, Store } from './store.ts';

export interface StoreOptions extends OpenOptions {
  /** Called once for each value that turns out to be damaged, or was put right. */
  onDamaged?: ReportFlip;
  /** The path that has to lead to the file while it is open, where that goes by links. */
  given?: string;
}

export interface SqliteStorage extends Store, CopiedStore {
  readonly file: StoreFile;
  readonly scan: BackgroundScan;
  /** Runs `work` while the file alone, without its WAL, is the whole store as of now, and does not change. */
  frozen<T>(work: (file: string) => Promise<T>): Promise<T>;
}

/** @throws SluiceError as `openDatabase` */
export function openStore(file: string, options: StoreOptions = {}): SqliteStorage {
  const database = openDatabase(file, options);
  try {
    return new SqliteStore(database, new StoreFile(database, file, options.given), options.onDamaged);
  } catch (error) {
    database.close();
    throw toStoreError(error);
  }
}

class SqliteStore implements SqliteStorage {
  readonly #database: DatabaseSync;
  readonly statements: Statements;
  /** Handles whose row was made in the open transaction: gone with a rollback. */
  #created: Rows[] = [];
  isDirty = false;
  writes = 0;
  /** Nested attempts in progress. */
  #attempts = 0;
  /** Attempts that have written: each has a savepoint. */
  #savepoints = 0;
  /** Why a turn could not be rolled back: the commit must not store half of it. */
  #undoError: SluiceError | null = null;
  readonly file: StoreFile;
  readonly scan: BackgroundScan;
  readonly #onDamaged: ReportFlip;
  readonly #knownDamaged = new Set<string>();

  constructor(database: DatabaseSync, file: StoreFile, onDamaged: ReportFlip = () => {}) {
    this.#database = database;
    this.file = file;
    this.#onDamaged = onDamaged;
    this.scan = new BackgroundScan(database, this, onDamaged);
    if (file.hasChecksums) mendFlippedKeys(database, onDamaged);
    sweep(database, file.hasChecksums);
    file.wrote();
    this.statements = prepared(database);
  }

  rows(name: ActorName): ActorRows {
    return new Rows(this, name);
  }

  /** Runs a write inside the open transaction, beginning it when there is none. */
  write<T>(change: () => T): T {
    try {
      if (!this.isDirty) {
        this.file.requireOwn();
        this.statements.begin.run();
      }
      this.isDirty = true;
      for (; this.#savepoints < this.#attempts; this.#savepoints += 1) this.statements.savepoint.run();
      this.writes += 1;
      return change();
    } catch (error) {
      throw this.file.failed(toStoreError(error));
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
  read<T>(query: () => T): T {
    try {
      return query();
    } catch (error) {
      throw this.file.failed(toStoreError(error));
    }
  }

  create(rows: Rows, name: ActorName): number {
    this.#created.push(rows);
    return (this.statements.create.get(name.class, name.id) as { row: number }).row;
  }

  commit(): void {
    try {
      if (this.#undoError !== null) throw this.#undoError;
      this.file.requireOwn();
      this.statements.commit.run();
    } catch (error) {
      throw this.file.failed(toStoreError(error));
    }
    this.file.committed();
    this.#ended();
  }

  rollback(): void {
    for (const rows of this.#created) rows.forget();
    // A full disk may have made SQLite roll back by itself.
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
    // Parts of a long transaction are in the WAL already.
    if (this.isDirty) this.file.wrote();
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

  /** In a thread: 150 ms for 64 MiB, in which no turn would run. */
  async copyTo(file: string): Promise<void> {
    await this.frozen((from) => runStoreTask({ task: 'copy', from, to: file }));
  }

  async frozen<T>(work: (file: string) => Promise<T>): Promise<T> {
    while (this.isDirty) await new Promise((resolve) => setImmediate(resolve));
    return this.file.frozen(work);
  }

  /** Keeps a damaged value that is about to be replaced or deleted. */
  keepDamaged(row: number, key: string): void {
    if (this.file.hasChecksums) this.#database.prepare(KEEP_DAMAGED).run(Date.now(), row, key);
  }

  damaged(actor: ActorName, key: string, stored: unknown): DamagedValue {
    const id = `${actor.class}/${actor.id}/${key}`;
    if (!this.#knownDamaged.has(id)) this.#onDamaged(damageOf(key), actor);
    this.#knownDamaged.add(id);
    return new DamagedValue(key, uncheckedText(stored));
  }

  close(): void {
    this.scan.stop();
    this.file.close();
  }
}

class Rows implements ActorRows {
  readonly #store: SqliteStore;
  readonly #name: ActorName;
  readonly #seed: number;
  /** Null until the first write makes it; undefined = not looked up yet. */
  #row: number | null | undefined = undefined;
  /** Keys of values that were found damaged. */
  #damaged: Set<string> | null = null;

  constructor(store: SqliteStore, name: ActorName) {
    this.#store = store;
    this.#name = name;
    this.#seed = seedOf(name);
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
    const stored = this.#store.read(() => this.#store.statements.get.get(row, key)?.value);
    return stored === undefined ? undefined : this.#intact(key, stored);
  }

  /** @throws DamagedValue */
  #intact(key: string, stored: unknown): string {
    const text = this.#store.file.hasChecksums ? checkedText(this.#seed, key, stored) : (stored as string);
    if (text !== null) return text;
    (this.#damaged ??= new Set()).add(key);
    throw this.#store.damaged(this.#name, key, stored);
  }

  put(key: string, text: string): void {
    this.#store.write(() => {
      this.#row = this.#find() ?? this.#store.create(this, this.#name);
      if (this.#damaged?.delete(key)) this.#store.keepDamaged(this.#row, key);
      const stored = this.#store.file.hasChecksums ? withChecksum(this.#seed, key, text) : text;
      this.#store.statements.put.run(this.#row, key, stored);
    });
  }

  delete(key: string): boolean {
    const row = this.#find();
    if (row === null) return false;
    return this.#store.write(() => {
      if (this.#damaged?.delete(key)) this.#store.keepDamaged(row, key);
      return this.#store.statements.delete.run(row, key).changes === 1;
    });
  }

  *list({ lower, upper, reverse }: Parameters<ActorRows['list']>[0]): Iterable<[string, string]> {
    const row = this.#find();
    if (row === null) return;
    const { up, down } = this.#store.statements;
    try {
      const rows = (reverse ? down : up).iterate(row, lower, upper ?? BEYOND_TEXT);
      for (const [key, stored] of rows as unknown as Iterable<[string, string]>)
        yield [key, this.#intact(key, stored)];
    } catch (error) {
      throw this.#store.file.failed(toStoreError(error));
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
