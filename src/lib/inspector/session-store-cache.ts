/**
 * What the store holds of sessions, for the actor tree: read between turns, a little at each refresh, and again only
 * after a session has written.
 */
import type { StoredObject } from '../actors/durable/stored-object.ts';
import type { DownloadRow } from '../actors/download/row.ts';
import { readStoredSession } from '../actors/session/stored-session.ts';

const MAX_SESSIONS = 500;
/** The newest downloads of each session. */
const MAX_ROWS = 100;
/** Sessions whose rows are read in one refresh: about 10 ms when all have many. */
const READS_PER_REFRESH = 10;
/** Stored entries of one session whose sizes are added up at once: about 0.5 ms. */
const ENTRIES_PER_SIZING = 1_000;
/** A small session takes two, as the second one finds the end. */
const SIZINGS_PER_REFRESH = 4;
/** Refreshes after which the ids of sleeping sessions are read again: 5 to 10 s. */
const REFRESHES_PER_ID_LIST = 10;

interface CachedSession {
  createdAt: number | null;
  alarmAt: number | null;
  /** Newest first. */
  rows: DownloadRow[];
  /** Size of keys and values; null = not added up yet. */
  bytes: number | null;
}

interface SessionStoreReader {
  ids(count: number): string[];
  stored(session: string): StoredObject;
}

const UNREAD: CachedSession = { createdAt: null, alarmAt: null, rows: [], bytes: null };

export class SessionStoreCache {
  readonly #store: SessionStoreReader;
  readonly #sessions = new Map<string, CachedSession>();
  /** Sessions that have written since they were read, in the order of their first write. */
  readonly #changed = new Set<string>();
  readonly #unsized = new Set<string>();
  #sizing: { session: string; after: string; bytes: number } | null = null;
  #ids: string[] = [];
  #refreshes = 0;
  isIncomplete = false;

  constructor(store: SessionStoreReader) {
    this.#store = store;
  }

  get(session: string): CachedSession {
    return this.#sessions.get(session) ?? UNREAD;
  }

  /** Marks a session to be read again. An active session writes every few seconds. */
  markChanged(session: string): void {
    if (this.#sessions.has(session)) this.#changed.add(session);
  }

  /**
   * Reads the next few sessions.
   * @param loaded ids of sessions in memory, which are read first
   * @returns the sessions that are in the tree
   */
  refresh(loaded: readonly string[]): string[] {
    if (this.#refreshes++ % REFRESHES_PER_ID_LIST === 0) this.#ids = this.#store.ids(MAX_SESSIONS);
    const ids = [...new Set([...loaded, ...this.#ids])].slice(0, MAX_SESSIONS);
    const shown = new Set(ids);
    // Unread ones first, then the longest waiting: sessions that write all the time must not starve the others.
    const due = [
      ...ids.filter((id) => !this.#sessions.has(id)),
      ...[...this.#changed].filter((id) => shown.has(id)),
    ];
    for (const id of due.slice(0, READS_PER_REFRESH)) this.#read(id);
    this.isIncomplete = due.length > READS_PER_REFRESH;
    for (let index = 0; index < SIZINGS_PER_REFRESH; index++) this.#addUpSize();
    return ids;
  }

  clear(): void {
    this.#sessions.clear();
    this.#changed.clear();
    this.#unsized.clear();
    this.#sizing = null;
    this.#refreshes = 0;
    this.isIncomplete = false;
  }

  #read(session: string): void {
    this.#changed.delete(session);
    const bytes = this.#sessions.get(session)?.bytes ?? null;
    try {
      const stored = this.#store.stored(session);
      this.#sessions.set(session, { ...readStoredSession(stored, MAX_ROWS), alarmAt: stored.alarmAt, bytes });
      this.#unsized.add(session);
    } catch {
      // A damaged row, or one of a newer Sluice: the session itself reports it when it wakes.
      this.#sessions.set(session, { ...UNREAD, bytes });
    }
  }

  #addUpSize(): void {
    const [waiting] = this.#unsized;
    if (this.#sizing === null && waiting === undefined) return;
    this.#sizing ??= { session: waiting as string, after: '', bytes: 0 };
    const { session, after } = this.#sizing;
    this.#unsized.delete(session);
    try {
      const { bytes, last } = this.#store.stored(session).size(after, ENTRIES_PER_SIZING);
      if (last !== null) {
        this.#sizing = { session, after: last, bytes: this.#sizing.bytes + bytes };
        return;
      }
      const cached = this.#sessions.get(session);
      if (cached !== undefined) this.#sessions.set(session, { ...cached, bytes: this.#sizing.bytes });
    } catch {
      // As above.
    }
    this.#sizing = null;
  }
}
