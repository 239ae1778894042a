/** Lookups of addresses and their results. They belong to this tab and end with it. */
import { SvelteSet } from 'svelte/reactivity';
import type { Channel } from '../../channel/client/channel.ts';
import { type ErrorView, toSluiceError } from '../../protocol/error.ts';
import type { EngineName, MediaItem, MediaStream, ParseResult } from '../../protocol/media.ts';
import type { PageItself } from '../../protocol/page-itself.ts';
import { UniqueIds } from '../../protocol/unique-ids.ts';
import type { Address } from '../add/addresses.ts';

export type LookupPhase =
  | { phase: 'running' }
  | {
      phase: 'done';
      engine: EngineName;
      /** The page has more items, which cannot be listed. */
      truncated: boolean;
      /** For the next page of a long list; null = this is all. */
      next: string | null;
      /** Items on all pages; null = not known. */
      total: number | null;
    }
  | { phase: 'failed'; error: ErrorView };

/** The server runs this many parses of a session at a time; the rest wait here. */
const MAX_CONCURRENT = 3;

export class Lookup {
  readonly key: number;
  readonly url: string;
  /** What is sent: see `Address`. */
  readonly typed: string;
  readonly engine: EngineName | null;
  readonly abort = new AbortController();
  readonly selected = new SvelteSet<string>();
  /** `item.id stream.id` of added downloads. */
  readonly added = new SvelteSet<string>();
  status: LookupPhase = $state.raw({ phase: 'running' });
  items: readonly MediaItem[] = $state.raw([]);
  /** Of the list or page that they are in; null = not known. */
  title: string | null = $state.raw<string | null>(null);
  /** What can be saved beside the items, or in their place; null = they are on no page. */
  page: PageItself | null = $state.raw<PageItself | null>(null);
  /** The next page of a long list, which is on its way: resolves with whether it came. */
  loading: Promise<boolean> | null = $state.raw(null);
  /** Its server takes long to begin. */
  isWaiting = $state(false);
  /** Why it did not come. */
  moreError: ErrorView | null = $state.raw(null);
  /** The text of the hash field. */
  expectedHash = $state('');

  constructor(key: number, { url, typed }: Address, engine: EngineName | null) {
    this.key = key;
    this.url = url;
    this.typed = typed;
    this.engine = engine;
  }

  get isLoadingMore(): boolean {
    return this.loading !== null;
  }

  /** Of the pages that have come: unique over all of them. */
  readonly #ids = new UniqueIds();

  /** The first page of the result replaces what was found before it; a later one follows. */
  addPage({ engine, title, items, page, truncated, next, total }: ParseResult): void {
    const { status, items: known } = this;
    const unique = this.#ids.assign(items);
    const isFirst = status.phase !== 'done';
    this.items = isFirst ? unique : [...known, ...unique];
    if (isFirst) [this.title, this.page] = [title ?? null, page ?? null];
    this.status = {
      phase: 'done',
      engine,
      truncated: (truncated ?? false) || (!isFirst && status.truncated),
      next: next ?? null,
      total: isFirst ? (total ?? null) : status.total,
    };
  }

  /** Ignores known items: a parse that is repeated after a reconnect finds the same ones. */
  addItems(items: readonly MediaItem[]): void {
    const known = this.items;
    this.items = [...known, ...items.filter(({ id }) => !known.some((item) => item.id === id))];
  }
}

export class Lookups {
  /** Newest first. */
  list: readonly Lookup[] = $state.raw([]);
  readonly #send: Channel['send'];
  #lastKey = 0;
  #running = 0;
  readonly #queue: Lookup[] = [];

  constructor(send: Channel['send']) {
    this.#send = send;
  }

  start(addresses: readonly Address[], engine: EngineName | null): void {
    const lookups = addresses.map((address) => new Lookup(++this.#lastKey, address, engine));
    const urls = addresses.map(({ url }) => url);
    for (const old of this.list) if (urls.includes(old.url)) old.abort.abort();
    this.list = [...lookups, ...this.list.filter(({ url }) => !urls.includes(url))];
    this.#queue.push(...lookups);
    this.#next();
  }

  /** Aborts it if it runs, and removes it from the page. */
  dismiss(lookup: Lookup): void {
    lookup.abort.abort();
    this.list = this.list.filter((other) => other !== lookup);
  }

  dismissAll(): void {
    for (const { abort } of this.list) abort.abort();
    this.list = [];
  }

  /** @returns whether one was running */
  cancelRunning(): boolean {
    const running = this.list.filter(({ status }) => status.phase === 'running');
    for (const lookup of running) this.dismiss(lookup);
    return running.length > 0;
  }

  /** Loads the next page of a long list, or waits for it if it is on its way. @returns whether it came */
  async more(lookup: Lookup): Promise<boolean> {
    const { status } = lookup;
    if (status.phase !== 'done' || status.next === null) return false;
    lookup.loading ??= this.#load(lookup, status.engine, status.next).finally(() => (lookup.loading = null));
    return lookup.loading;
  }

  async #load(lookup: Lookup, engine: EngineName, cursor: string): Promise<boolean> {
    lookup.moreError = null;
    try {
      const { signal } = lookup.abort;
      lookup.addPage(await this.#send('parse', { url: lookup.url, engine, cursor }, { signal }));
      return true;
    } catch (thrown) {
      lookup.moreError = toSluiceError(thrown).view;
      return false;
    }
  }

  /** Loads all pages that are left. @returns whether all came */
  async all(lookup: Lookup): Promise<boolean> {
    while (lookup.status.phase === 'done' && lookup.status.next !== null) {
      if (!(await this.more(lookup))) return false;
    }
    return true;
  }

  #next(): void {
    while (this.#running < MAX_CONCURRENT) {
      const lookup = this.#queue.shift();
      if (lookup === undefined) return;
      if (!lookup.abort.signal.aborted) void this.#run(lookup);
    }
  }

  async #run(lookup: Lookup): Promise<void> {
    this.#running++;
    const { typed, engine, abort } = lookup;
    try {
      const result = await this.#send(
        'parse',
        { url: typed, engine },
        {
          signal: abort.signal,
          onItems: (items) => lookup.addItems(items),
          onWaiting: (isWaiting) => (lookup.isWaiting = isWaiting),
        },
      );
      lookup.addPage(result);
    } catch (thrown) {
      const { page = null, ...error } = toSluiceError(thrown).view;
      lookup.page = page;
      lookup.status = { phase: 'failed', error };
    }
    this.#running--;
    this.#next();
  }
}

/** The stream of the download button: the engine's default, else the first. */
export function defaultStream(item: MediaItem): MediaStream | null {
  return item.streams.find(({ isDefault }) => isDefault) ?? item.streams[0] ?? null;
}
