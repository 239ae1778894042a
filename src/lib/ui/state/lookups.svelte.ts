/** Lookups of addresses and their results. They belong to this tab and end with it. */
import { SvelteSet } from 'svelte/reactivity';
import type { Channel } from '../../channel/client/channel.ts';
import { type ErrorView, toSluiceError } from '../../protocol/error.ts';
import type { EngineName, MediaItem, MediaStream } from '../../protocol/media.ts';
import { asTyped } from '../add/addresses.ts';

export type LookupPhase =
  | { phase: 'running' }
  /** `truncated`: the page has more items. */
  | { phase: 'done'; engine: EngineName; truncated: boolean }
  | { phase: 'failed'; error: ErrorView };

/** The server runs this many parses of a session at a time; the rest wait here. */
const MAX_CONCURRENT = 3;

export class Lookup {
  readonly key: number;
  readonly url: string;
  readonly engine: EngineName | null;
  readonly abort = new AbortController();
  readonly selected = new SvelteSet<string>();
  /** `item.id stream.id` of added downloads. */
  readonly added = new SvelteSet<string>();
  status: LookupPhase = $state.raw({ phase: 'running' });
  items: readonly MediaItem[] = $state.raw([]);
  /** The text of the hash field. */
  expectedHash = $state('');

  constructor(key: number, url: string, engine: EngineName | null) {
    this.key = key;
    this.url = url;
    this.engine = engine;
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

  start(urls: readonly string[], engine: EngineName | null): void {
    const lookups = urls.map((url) => new Lookup(++this.#lastKey, url, engine));
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

  #next(): void {
    while (this.#running < MAX_CONCURRENT) {
      const lookup = this.#queue.shift();
      if (lookup === undefined) return;
      if (!lookup.abort.signal.aborted) void this.#run(lookup);
    }
  }

  async #run(lookup: Lookup): Promise<void> {
    this.#running++;
    const { url, engine, abort } = lookup;
    try {
      const result = await this.#send(
        'parse',
        { url: asTyped(url), engine },
        { signal: abort.signal, onItems: (items) => lookup.addItems(items) },
      );
      lookup.items = result.items;
      lookup.status = { phase: 'done', engine: result.engine, truncated: result.truncated ?? false };
    } catch (thrown) {
      lookup.status = { phase: 'failed', error: toSluiceError(thrown).view };
    }
    this.#running--;
    this.#next();
  }
}

/** The stream of the download button: the engine's default, else the first. */
export function defaultStream(item: MediaItem): MediaStream | null {
  return item.streams.find(({ isDefault }) => isDefault) ?? item.streams[0] ?? null;
}
