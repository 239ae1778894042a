/** The statements of the store. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';

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

export type Statements = Record<keyof typeof SQL, StatementSync>;

export function prepared(database: DatabaseSync): Statements {
  const entries = Object.entries(SQL).map(([name, sql]) => [name, database.prepare(sql)] as const);
  const statements = Object.fromEntries(entries) as Statements;
  for (const name of ['up', 'down'] as const) statements[name].setReturnArrays(true);
  return statements;
}

/** SQLite sorts every BLOB after all TEXT. */
export const BEYOND_TEXT = new Uint8Array(0);

/** What is about to be replaced, for a person who may read more of it than we do. */
export const KEEP_DAMAGED =
  'INSERT INTO damaged SELECT actor, key, value, ? FROM entries WHERE actor = ? AND key = ?';

const SWEEP = `DELETE FROM actors WHERE row NOT IN (SELECT actor FROM entries)
  AND row NOT IN (SELECT actor FROM alarms)`;

/** Objects without a row left are swept when the store opens, not while handles may hold their number. */
export function sweep(database: DatabaseSync, keepsDamaged: boolean): void {
  database.exec(keepsDamaged ? `${SWEEP} AND row NOT IN (SELECT actor FROM damaged)` : SWEEP);
}
