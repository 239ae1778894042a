/**
 * A session's storage: rows under `d/ID`, an index `by/STATE/ORDER` → id that listings and the queue page over
 * (never over all rows), and counts. Everything carries a version.
 */
import { DOWNLOAD_STATES, type DownloadState } from '../../protocol/download.ts';
import { SluiceError } from '../../protocol/error.ts';
import { type ListOwner, ownerOfPerson } from '../../protocol/person-limits.ts';
import { prefixEnd } from '../durable/keys.ts';
import type { DurableKv } from '../durable/types.ts';
import { type DownloadRow, readRow } from '../download/row.ts';
import { damagedRow, idInText, idOfIndexEntry, indexEntryOf, strayRow } from './damaged-row.ts';
import { indexKey, parseIndexKey, stateIndex } from './index-key.ts';
import { type DamagedEntry, MendedKv } from './mended-kv.ts';

const META_VERSION = 1;
export const OWN = 'own';
/** What a key begins with, up to its first slash. */
const KINDS = ['by', 'cmd', 'd', 'dev', 'due', 'gone', 'hold', 'meta', 'out', 'own', 'rev', 'sec'];
const KEY_BEGINNINGS = [
  ...KINDS.filter((kind) => kind !== 'by').map((kind) =>
    ['hold', 'meta', OWN].includes(kind) ? kind : `${kind}/`,
  ),
  ...DOWNLOAD_STATES.map(stateIndex),
];

export interface Meta {
  v: typeof META_VERSION;
  createdAt: number;
  nextN: number;
  counts: Record<DownloadState, number>;
  /** Whose use it counts as, as `env.ownerOf` named them; absent = not known. */
  owner?: string;
}

export class SessionStore {
  /** The session's values: a damaged one is mended where it is read. */
  readonly kv: MendedKv;
  readonly #visitor: () => string | null;
  #firstQueued = Infinity;
  #meta: Meta = { v: META_VERSION, createdAt: 0, nextN: 1, counts: noCounts() };

  /** @param visitor who uses the list now; null = not known */
  constructor(kv: DurableKv, visitor: () => string | null = () => null) {
    this.#visitor = visitor;
    this.kv = new MendedKv(kv, (damage) => this.#mend(damage));
  }

  get counts(): Readonly<Record<DownloadState, number>> {
    return this.#meta.counts;
  }

  /** The person who owns the list; else the first who wrote to it, or who is about to; null = not known. */
  get owner(): string | null {
    const own = this.own;
    return own === null ? this.#firstVisitor : ownerOfPerson(own.person);
  }

  /** Whose the list is where people sign in, and what they may use; null = nobody's. */
  get own(): ListOwner | null {
    return this.kv.get<ListOwner>(OWN) ?? null;
  }

  setOwn(own: ListOwner): void {
    if (JSON.stringify(this.own) !== JSON.stringify(own)) this.kv.put(OWN, own);
  }

  get #firstVisitor(): string | null {
    return this.#meta.owner ?? this.#visitor();
  }

  /** @throws SluiceError `store_newer` */
  load(now: number): void {
    this.#meta.createdAt = now;
    const meta = this.kv.get<Meta>('meta') ?? this.#lostMeta();
    if (meta === null) return;
    if (meta.v !== META_VERSION) {
      throw new SluiceError(
        'store_newer',
        `The session has version ${String(meta.v)}; this Sluice knows ${META_VERSION}.`,
      );
    }
    this.#meta = meta;
    this.#mendStrays();
  }

  /** What a damaged value is replaced with, so that the rest of the list lives: see `mended-kv.ts`. */
  #mend({ key, text }: DamagedEntry): void {
    const [kind = '', name = '', deadline = ''] = key.split('/');
    if (key === 'meta') this.kv.put('meta', (this.#meta = this.#countedMeta()));
    else if (kind === 'd') this.#replaceRow(name, text);
    else if (kind === 'by') this.#mendIndex(key);
    // Its name is in the key.
    else if (kind === 'due') this.kv.put(key, deadline);
    // The bytes go; nobody knows whether the file should.
    else if (kind === 'gone') this.kv.put(key, { file: null, keepFile: true });
    // Who was refused stays refused.
    else if (kind === 'rev') this.kv.put(key, '');
    else if (KINDS.includes(kind)) this.kv.delete(key);
    else this.#mendStray(key, text);
  }

  /** Each kind of key is read once, so that what lies between them is found: some 10 reads. */
  #mendStrays(): void {
    for (let start: string | null = ''; start !== null;) {
      const [key]: string[] = this.kv.list({ start, limit: 1 }).map(([found]) => found);
      const beginning: string | undefined = KEY_BEGINNINGS.find((one) => key?.startsWith(one));
      // Nothing lies between a key and the same key with a zero byte behind it.
      start = key === undefined ? null : beginning === undefined ? `${key}\0` : prefixEnd(beginning);
    }
  }

  /** A damaged value under a key of no known kind: its key is damaged. */
  #mendStray(key: string, text: string | null): void {
    this.kv.delete(key);
    const id = idInText(text);
    if (id !== null && this.kv.get(`d/${id}`) === undefined) this.#replaceRow(id, text);
    this.#mendAllIndexes();
  }

  /** Null = there are no downloads. */
  #lostMeta(): Meta | null {
    const isEmpty = ['d/', 'by/'].every((prefix) => this.kv.list({ prefix, limit: 1 }).length === 0);
    if (isEmpty) return null;
    this.#mendAllIndexes();
    return this.#meta;
  }

  #replaceRow(id: string, text: string | null): void {
    const { state, n } = indexEntryOf(this.kv, id, text) ?? { state: null, n: this.takeOrderNumber() };
    this.save(damagedRow(id, n, text, this.#meta.createdAt), state);
  }

  #mendIndex(key: string): void {
    const { state, n } = parseIndexKey(key);
    const id = idOfIndexEntry(this.kv, state, n);
    if (id === null) this.kv.delete(key);
    else this.kv.put(key, id);
    // The damage may be in the key: then it is another row that has lost its entry.
    this.#mendAllIndexes();
  }

  #mendAllIndexes(): void {
    const keys = new Set([...this.kv.scan('by/')].map((entry) => entry.key));
    for (const stored of [...this.kv.scan<DownloadRow>('d/')]) {
      if (!('value' in stored)) continue;
      const { id, state: own, n: order } = stored.value;
      if (!keys.has(indexKey(own, order))) this.kv.put(indexKey(own, order), id);
    }
    this.kv.put('meta', (this.#meta = this.#countedMeta()));
  }

  #countedMeta(): Meta {
    const counts = noCounts();
    let nextN = 1;
    for (const { key } of this.kv.scan('by/')) {
      const { state, n } = parseIndexKey(key);
      counts[state]++;
      nextN = Math.max(nextN, n + 1);
    }
    return { v: META_VERSION, createdAt: this.#meta.createdAt, nextN, counts };
  }

  takeOrderNumber(): number {
    return this.#meta.nextN++;
  }

  /** A row that the index names, and that is not there: its key may be damaged. */
  #lostRow(id: string): DownloadRow {
    const lost = strayRow(this.kv, id);
    if (lost !== null) this.kv.delete(lost.key);
    this.#replaceRow(id, lost?.text ?? null);
    return this.get(id) as DownloadRow;
  }

  get(id: string): DownloadRow | null {
    const stored = this.kv.get(`d/${id}`);
    return stored === undefined ? null : readRow(stored);
  }

  /** @param before the state under which it is stored now; null for a new row */
  save(row: DownloadRow, before: DownloadState | null): void {
    this.kv.put(`d/${row.id}`, row);
    if (before === row.state) return;
    if (before !== null) {
      this.#meta.counts[before]--;
      this.kv.delete(indexKey(before, row.n));
    }
    this.#meta.counts[row.state]++;
    this.kv.put(indexKey(row.state, row.n), row.id);
    if (row.state === 'queued') this.#firstQueued = Math.min(this.#firstQueued, row.n);
    const owner = this.#firstVisitor;
    if (owner !== null) this.#meta.owner = owner;
    this.kv.put('meta', this.#meta);
  }

  remove(row: DownloadRow): void {
    this.#meta.counts[row.state]--;
    for (const key of [`d/${row.id}`, indexKey(row.state, row.n), `out/${row.id}`]) this.kv.delete(key);
    this.kv.put('meta', this.#meta);
  }

  /** The oldest in a state, with their order numbers. @param from the least of these */
  oldest(state: DownloadState, limit: number, from = 1): { id: string; n: number }[] {
    const end = from > 1 ? { end: indexKey(state, from - 1) } : {};
    const found = [...this.kv.list<string>({ prefix: stateIndex(state), reverse: true, limit, ...end })];
    return found.map(([key, id]) => ({ id, n: parseIndexKey(key).n }));
  }

  /** The least order number of those that became queued since this was called last; Infinity = none did. */
  takeFirstQueued(): number {
    const first = this.#firstQueued;
    this.#firstQueued = Infinity;
    return first;
  }

  rowsOf(ids: string[]): DownloadRow[] {
    return ids.flatMap((id) => this.get(id) ?? []);
  }

  /** As `rowsOf`, of ids that the index names. */
  indexedRows(ids: string[]): DownloadRow[] {
    return ids.map((id) => this.get(id) ?? this.#lostRow(id));
  }

  /** See `readPage`. */
  page(states: readonly DownloadState[], limit: number, beforeN: number | null): StoredPage {
    const { kv } = this;
    const get = <T>(key: string): T => (kv.get(key) ?? this.#lostRow(key.slice('d/'.length))) as T;
    return readPage({ get, list: (options) => kv.list(options) }, this.counts, states, limit, beforeN);
  }

  /** Stores the last 4 kB of engine output, to explain a failure later. */
  keepOutput(id: string, output: string): void {
    if (output !== '') this.kv.put(`out/${id}`, output);
  }

  outputOf(id: string): string | null {
    return this.kv.get<string>(`out/${id}`) ?? null;
  }
}

export interface StoredPage {
  /** Newest first. */
  rows: DownloadRow[];
  /** The cursor of the next page; null = none. */
  nextN: number | null;
}

/**
 * A page of rows in any of `states`, newest first. For each state, only as many index keys are read as the page has rows,
 * however long the list.
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

function noCounts(): Record<DownloadState, number> {
  return Object.fromEntries(DOWNLOAD_STATES.map((state) => [state, 0])) as Record<DownloadState, number>;
}
