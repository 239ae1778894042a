/** One value from SQLite. */
import type { DatabaseSync } from 'node:sqlite';

export function number(database: DatabaseSync, sql: string): number {
  return Number(only(database, sql));
}

export function text(database: DatabaseSync, sql: string): string {
  return String(only(database, sql));
}

function only(database: DatabaseSync, sql: string): unknown {
  return Object.values(database.prepare(sql).get() ?? {})[0];
}
