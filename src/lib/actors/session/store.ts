/**
 * A session's storage: rows under `d/ID`, an index `by/STATE/ORDER` → id that listings and the queue page over
 * (never over all rows), and counts. Everything carries a version.
 */
import { DOWNLOAD_STATES, type DownloadState } from '../../protocol/download.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { DurableKv } from '../durable/types.ts';
import { type DownloadRow, readRow } from '../download/row.ts';
import type { Damage } from './mended-kv.ts';
import { damagedRow } from './damaged-row.ts';

const META_VERSION = 1;
/** Values that are read in one call where something is mended. */
const MENDED_TOGETHER = 1000;
/** Highest `n`: 12 digits, so that the index key of a newer row sorts before that of an older one. */
const MAX_N = 999_999_999_999;

export interface Meta {
  v: typeof META_VERSION;
  createdAt: number;
  nextN: number;
  counts: Record<DownloadState, number>;
}

export class SessionStore {
  readonly #kv: DurableKv;
  #meta: Meta = { v: META_VERSION, createdAt: 0, nextN: 1, counts: noCounts() };

  constructor(kv: DurableKv) {
    this.#kv = kv;
  }

  get counts(): Readonly<Record<DownloadState, number>> {
    return this.#meta.counts;
  }

  /** @throws SluiceError `store_newer` */
  load(now: number): void {
    this.#meta.createdAt = now;
    const meta = this.#kv.get<Meta>('meta');
    if (!meta) return;
    if (meta.v !== META_VERSION) {
      throw new SluiceError(
        'store_newer',
        `The session has version ${String(meta.v)}; this Sluice knows ${META_VERSION}.`,
      );
    }
    this.#meta = meta;
  }

  /** What a damaged value is replaced with, so that the rest of the list lives: see `mended-kv.ts`. */
  mend({ key, text }: Damage): void {
    const [kind = '', name = ''] = key.split('/');
    if (key === 'meta') this.#kv.put('meta', (this.#meta = this.#countedMeta()));
    else if (kind === 'd') this.#replaceRow(name, text);
    else if (kind === 'by') this.#mendIndex(key);
    // Its name is in the key.
    else if (kind === 'due') this.#kv.put(key, key.slice(key.indexOf('/', kind.length + 1) + 1));
    // The bytes go; nobody knows whether the file should.
    else if (kind === 'gone') this.#kv.put(key, { file: null, keepFile: true });
    else this.#kv.delete(key);
  }

  #replaceRow(id: string, text: string | null): void {
    const found = this.#indexed().find((entry) => entry.id === id);
    const { state = null, n = this.takeN() } = found ?? {};
    this.save(damagedRow(id, n, text, this.#meta.createdAt), state);
  }

  #mendIndex(key: string): void {
    const { state, n } = parseIndexKey(key);
    let rows: [string, DownloadRow][] = [];
    do {
      const last = rows.at(-1);
      const from = last === undefined ? {} : { startAfter: last[0] };
      rows = [...this.#kv.list<DownloadRow>({ prefix: 'd/', limit: MENDED_TOGETHER, ...from })];
      const row = rows.find(([, { n: own }]) => own === n)?.[1];
      if (row !== undefined) return this.#kv.put(key, row.id);
    } while (rows.length === MENDED_TOGETHER);
    this.#meta.counts[state]--;
    this.#kv.delete(key);
  }

  #countedMeta(): Meta {
    const indexed = this.#indexed();
    const counts = noCounts();
    for (const { state } of indexed) counts[state]++;
    const nextN = Math.max(0, ...indexed.map(({ n }) => n)) + 1;
    return { v: META_VERSION, createdAt: this.#meta.createdAt, nextN, counts };
  }

  /** Of all rows: only where something is damaged. */
  #indexed(): { state: DownloadState; n: number; id: string }[] {
    const all: { state: DownloadState; n: number; id: string }[] = [];
    let page: [string, string][] = [];
    do {
      const last = page.at(-1);
      const from = last === undefined ? {} : { startAfter: last[0] };
      page = [...this.#kv.list<string>({ prefix: 'by/', limit: MENDED_TOGETHER, ...from })];
      for (const [key, id] of page) all.push({ ...parseIndexKey(key), id });
    } while (page.length === MENDED_TOGETHER);
    return all;
  }

  takeN(): number {
    return this.#meta.nextN++;
  }

  get(id: string): DownloadRow | null {
    const stored = this.#kv.get(`d/${id}`);
    return stored === undefined ? null : readRow(stored);
  }

  /** @param before the state under which it is stored now; null for a new row */
  save(row: DownloadRow, before: DownloadState | null): void {
    this.#kv.put(`d/${row.id}`, row);
    if (before === row.state) return;
    if (before !== null) {
      this.#meta.counts[before]--;
      this.#kv.delete(indexKey(before, row.n));
    }
    this.#meta.counts[row.state]++;
    this.#kv.put(indexKey(row.state, row.n), row.id);
    this.#kv.put('meta', this.#meta);
  }

  remove(row: DownloadRow): void {
    this.#meta.counts[row.state]--;
    for (const key of [`d/${row.id}`, indexKey(row.state, row.n), `out/${row.id}`]) this.#kv.delete(key);
    this.#kv.put('meta', this.#meta);
  }

  /** Ids that have waited longest in a state. */
  oldest(state: DownloadState, limit: number): string[] {
    const found = [...this.#kv.list<string>({ prefix: stateIndex(state), reverse: true, limit })];
    return found.map(([, id]) => id);
  }

  rowsOf(ids: string[]): DownloadRow[] {
    return ids.flatMap((id) => this.get(id) ?? []);
  }

  /** As `readPage`. */
  page(states: readonly DownloadState[], limit: number, beforeN: number | null): StoredPage {
    return readPage(this.#kv, this.counts, states, limit, beforeN);
  }

  /** The last 4 kB an engine printed for a download that ended, for explaining it later. */
  keepOutput(id: string, output: string): void {
    if (output !== '') this.#kv.put(`out/${id}`, output);
  }

  outputOf(id: string): string | null {
    return this.#kv.get<string>(`out/${id}`) ?? null;
  }
}

export interface StoredPage {
  /** Newest first. */
  rows: DownloadRow[];
  /** Where the next page goes on; null = there is none. */
  nextN: number | null;
}

/**
 * Newest first, a page of rows in any of `states`: as many index keys are read as the page is long, for each state,
 * however long the history.
 * @param beforeN only rows older than this one
 */
export function readPage(
  kv: Pick<DurableKv, 'get' | 'list'>,
  counts: Meta['counts'],
  states: readonly DownloadState[],
  limit: number,
  beforeN: number | null,
): StoredPage {
  const keys: { order: string; id: string }[] = [];
  for (const state of states) {
    if (counts[state] === 0) continue;
    const prefix = stateIndex(state);
    const startAfter = beforeN === null ? {} : { startAfter: indexKey(state, beforeN) };
    for (const [key, id] of kv.list<string>({ prefix, limit: limit + 1, ...startAfter }))
      keys.push({ order: key.slice(prefix.length), id });
  }
  keys.sort((a, b) => (a.order < b.order ? -1 : 1));
  const rows = keys.slice(0, limit).flatMap(({ id }) => {
    const stored = kv.get(`d/${id}`);
    return stored === undefined ? [] : readRow(stored);
  });
  return { rows, nextN: keys.length > limit ? (rows.at(-1)?.n ?? null) : null };
}

function stateIndex(state: DownloadState): string {
  return `by/${state}/`;
}

function indexKey(state: DownloadState, n: number): string {
  return stateIndex(state) + String(MAX_N - n).padStart(12, '0');
}

function parseIndexKey(key: string): { state: DownloadState; n: number } {
  const [, state, order] = key.split('/');
  return { state: state as DownloadState, n: MAX_N - Number(order) };
}

function noCounts(): Record<DownloadState, number> {
  return Object.fromEntries(DOWNLOAD_STATES.map((state) => [state, 0])) as Record<DownloadState, number>;
}
