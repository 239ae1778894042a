/**
 * A session's storage: rows under `d/ID`, an index `by/STATE/ORDER` → id that listings and the queue page over
 * (never over all rows), and counts. Everything carries a version.
 */
import { DOWNLOAD_STATES, type DownloadState } from '../../protocol/download.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { DurableStorage } from '../durable/types.ts';
import { type DownloadRow, readRow } from '../download/row.ts';

const META_VERSION = 1;
/** The storage API's own limit of keys in one call. */
const KEYS_PER_CALL = 128;
/** Highest `n`: 12 digits, so that the index key of a newer row sorts before that of an older one. */
const MAX_N = 999_999_999_999;

export interface Meta {
  v: typeof META_VERSION;
  createdAt: number;
  nextN: number;
  counts: Record<DownloadState, number>;
}

export class SessionStore {
  readonly #storage: DurableStorage;
  #meta: Meta = { v: META_VERSION, createdAt: 0, nextN: 1, counts: noCounts() };

  constructor(storage: DurableStorage) {
    this.#storage = storage;
  }

  get counts(): Readonly<Record<DownloadState, number>> {
    return this.#meta.counts;
  }

  /** @throws SluiceError `store_newer` */
  async load(now: number): Promise<void> {
    const meta = await this.#storage.get<Meta>('meta');
    if (!meta) {
      this.#meta.createdAt = now;
      return;
    }
    if (meta.v !== META_VERSION) {
      throw new SluiceError(
        'store_newer',
        `The session has version ${String(meta.v)}; this Sluice knows ${META_VERSION}.`,
      );
    }
    this.#meta = meta;
  }

  takeN(): number {
    return this.#meta.nextN++;
  }

  async get(id: string): Promise<DownloadRow | null> {
    const stored = await this.#storage.get(`d/${id}`);
    return stored === undefined ? null : readRow(stored);
  }

  /** @param before the state under which it is stored now; null for a new row */
  async save(row: DownloadRow, before: DownloadState | null): Promise<void> {
    const entries: Record<string, unknown> = { [`d/${row.id}`]: row };
    if (before !== row.state) {
      if (before !== null) {
        this.#meta.counts[before]--;
        await this.#storage.delete(indexKey(before, row.n));
      }
      this.#meta.counts[row.state]++;
      entries[indexKey(row.state, row.n)] = row.id;
      entries['meta'] = this.#meta;
    }
    await this.#storage.put(entries);
  }

  async remove(row: DownloadRow): Promise<void> {
    this.#meta.counts[row.state]--;
    await this.#storage.delete([`d/${row.id}`, indexKey(row.state, row.n), `out/${row.id}`]);
    await this.#storage.put('meta', this.#meta);
  }

  /** Ids that have waited longest in a state. */
  async oldest(state: DownloadState, limit: number): Promise<string[]> {
    const found = await this.#storage.list<string>({ prefix: stateIndex(state), reverse: true, limit });
    return [...found.values()];
  }

  async rowsOf(ids: string[]): Promise<DownloadRow[]> {
    const rows: DownloadRow[] = [];
    for (let at = 0; at < ids.length; at += KEYS_PER_CALL) {
      const keys = ids.slice(at, at + KEYS_PER_CALL).map((id) => `d/${id}`);
      const found = await this.#storage.get(keys);
      for (const key of keys) {
        const stored = found.get(key);
        if (stored !== undefined) rows.push(readRow(stored));
      }
    }
    return rows;
  }

  /**
   * Newest first, a page of rows in any of `states`: as many index keys are read as the page is long, for each
   * state, however long the history.
   * @param beforeN only rows older than this one
   */
  async page(
    states: readonly DownloadState[],
    limit: number,
    beforeN: number | null,
  ): Promise<{ rows: DownloadRow[]; nextN: number | null }> {
    const keys: { order: string; id: string }[] = [];
    for (const state of states) {
      if (this.#meta.counts[state] === 0) continue;
      const prefix = stateIndex(state);
      const startAfter = beforeN === null ? {} : { startAfter: indexKey(state, beforeN) };
      const found = await this.#storage.list<string>({ prefix, limit: limit + 1, ...startAfter });
      for (const [key, id] of found) keys.push({ order: orderOf(key), id });
    }
    keys.sort((a, b) => (a.order < b.order ? -1 : 1));
    const page = keys.slice(0, limit);
    const rows = await this.rowsOf(page.map(({ id }) => id));
    return { rows, nextN: keys.length > limit ? (rows.at(-1)?.n ?? null) : null };
  }

  /** The last 4 kB an engine printed for a download that ended, for explaining it later. */
  async keepOutput(id: string, output: string): Promise<void> {
    if (output !== '') await this.#storage.put(`out/${id}`, output);
  }

  async outputOf(id: string): Promise<string | null> {
    return (await this.#storage.get<string>(`out/${id}`)) ?? null;
  }
}

/** What the index keys of a state begin with. */
export function stateIndex(state: DownloadState): string {
  return `by/${state}/`;
}

/** Of an index key: sorts the same over all states, the newest first. */
export function orderOf(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

function indexKey(state: DownloadState, n: number): string {
  return stateIndex(state) + String(MAX_N - n).padStart(12, '0');
}

function noCounts(): Record<DownloadState, number> {
  return Object.fromEntries(DOWNLOAD_STATES.map((state) => [state, 0])) as Record<DownloadState, number>;
}
