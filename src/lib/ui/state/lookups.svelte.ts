/** Addresses that are looked up, and what was found there: this tab's alone, gone with it. */
import { SvelteSet } from 'svelte/reactivity';
import type { Channel } from '../../channel/client/channel.ts';
import { type ErrorView, toSluiceError } from '../../protocol/error.ts';
import type { EngineName, MediaItem, MediaStream } from '../../protocol/media.ts';

export type LookupPhase =
  | { phase: 'running' }
  /** `truncated`: there is more than was found. */
  | { phase: 'done'; engine: EngineName; truncated: boolean }
  | { phase: 'failed'; error: ErrorView };

/** The server works on so many pages of one session at a time anyway; the rest wait here. */
const AT_ONCE = 3;

export class Lookup {
  readonly key: number;
  readonly url: string;
  readonly engine: EngineName | null;
  readonly abort = new AbortController();
  readonly selected = new SvelteSet<string>();
  /** `item.id stream.id` of what has been added from here. */
  readonly added = new SvelteSet<string>();
  status: LookupPhase = $state.raw({ phase: 'running' });
  items: readonly MediaItem[] = $state.raw([]);
  /** The SHA-256 that its one file has to have, as it was typed. */
  expectedHash = $state('');

  constructor(key: number, url: string, engine: EngineName | null) {
    this.key = key;
    this.url = url;
    this.engine = engine;
  }

  /** A parse that was sent again after a reconnect finds the same items again. */
  found(items: readonly MediaItem[]): void {
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

  /** Ends it if it runs and takes it off the page. */
  dismiss(lookup: Lookup): void {
    lookup.abort.abort();
    this.list = this.list.filter((other) => other !== lookup);
  }

  dismissAll(): void {
    for (const { abort } of this.list) abort.abort();
    this.list = [];
  }

  /** @returns whether there was one to cancel */
  cancelRunning(): boolean {
    const running = this.list.filter(({ status }) => status.phase === 'running');
    for (const lookup of running) this.dismiss(lookup);
    return running.length > 0;
  }

  #next(): void {
    while (this.#running < AT_ONCE) {
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
        { url, engine },
        { signal: abort.signal, onItems: (items) => lookup.found(items) },
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

/** What one button downloads: the stream that the engine would take, or else the first. */
export function defaultStream(item: MediaItem): MediaStream | null {
  return item.streams.find(({ isDefault }) => isDefault) ?? item.streams[0] ?? null;
}
