/**
 * What the store holds of sessions, for the tree: read between turns, a little at each look, and again only after
 * they have written.
 */
import type { Stored } from '../actors/durable/look.ts';
import type { DownloadRow } from '../actors/download/row.ts';
import { peek } from '../actors/session/peek.ts';

const MAX_SESSIONS = 500;
/** The newest downloads of each session. */
const MAX_ROWS = 100;
/** Sessions whose rows are read in one look: some 10 ms when all have many. */
const READ_A_LOOK = 10;
/** Entries whose size is added up at once, of one session: about 0.5 ms. */
const SIZED_AT_ONCE = 1_000;
/** A small session takes two: the second finds nothing more. */
const SIZES_A_LOOK = 4;
/** Looks until the ids of sleeping sessions are asked for again: 5 to 10 s. */
const IDS_LOOKS = 10;

export interface SessionFile {
  createdAt: number | null;
  alarmAt: number | null;
  /** Newest first. */
  rows: DownloadRow[];
  /** Keys and values; null = not added up yet. */
  bytes: number | null;
}

export interface SessionStoreLook {
  ids(count: number): string[];
  stored(session: string): Stored;
}

const UNREAD: SessionFile = { createdAt: null, alarmAt: null, rows: [], bytes: null };

export class SessionFiles {
  readonly #store: SessionStoreLook;
  readonly #files = new Map<string, SessionFile>();
  /** Those that have written since they were read. */
  readonly #changed = new Set<string>();
  readonly #toSize = new Set<string>();
  #sizing: { session: string; after: string; bytes: number } | null = null;
  #ids: string[] = [];
  #looks = 0;
  isBehind = false;

  constructor(store: SessionStoreLook) {
    this.#store = store;
  }

  of(session: string): SessionFile {
    return this.#files.get(session) ?? UNREAD;
  }

  /** What was read of it is old. While anything moves it writes every few seconds. */
  written(session: string): void {
    if (this.#files.has(session)) this.#changed.add(session);
  }

  /**
   * Reads on.
   * @param present ids of sessions in memory, which come first
   * @returns the sessions that are in the tree
   */
  look(present: readonly string[]): string[] {
    if (this.#looks++ % IDS_LOOKS === 0) this.#ids = this.#store.ids(MAX_SESSIONS);
    const ids = [...new Set([...present, ...this.#ids])].slice(0, MAX_SESSIONS);
    const shown = new Set(ids);
    // Who waits longest is first: those that write all the time must not keep the rest from being read.
    const due = [
      ...ids.filter((id) => !this.#files.has(id)),
      ...[...this.#changed].filter((id) => shown.has(id)),
    ];
    for (const id of due.slice(0, READ_A_LOOK)) this.#read(id);
    this.isBehind = due.length > READ_A_LOOK;
    for (let k = 0; k < SIZES_A_LOOK; k++) this.#size();
    return ids;
  }

  clear(): void {
    this.#files.clear();
    this.#changed.clear();
    this.#toSize.clear();
    this.#sizing = null;
    this.#looks = 0;
    this.isBehind = false;
  }

  #read(session: string): void {
    this.#changed.delete(session);
    const bytes = this.#files.get(session)?.bytes ?? null;
    try {
      const stored = this.#store.stored(session);
      this.#files.set(session, { ...peek(stored, MAX_ROWS), alarmAt: stored.alarmAt, bytes });
      this.#toSize.add(session);
    } catch {
      // A row of a newer Sluice, or a damaged one: whoever needs it is told so, this only looks.
      this.#files.set(session, { ...UNREAD, bytes });
    }
  }

  #size(): void {
    const [waiting] = this.#toSize;
    if (this.#sizing === null && waiting === undefined) return;
    this.#sizing ??= { session: waiting as string, after: '', bytes: 0 };
    const { session, after } = this.#sizing;
    this.#toSize.delete(session);
    try {
      const { bytes, last } = this.#store.stored(session).size(after, SIZED_AT_ONCE);
      if (last !== null) {
        this.#sizing = { session, after: last, bytes: this.#sizing.bytes + bytes };
        return;
      }
      const file = this.#files.get(session);
      if (file !== undefined) this.#files.set(session, { ...file, bytes: this.#sizing.bytes });
    } catch {
      // As above.
    }
    this.#sizing = null;
  }
}
