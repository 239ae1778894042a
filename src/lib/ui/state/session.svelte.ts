/** Everything a page has: the channel, what came over it, and the commands that components send. */
import { createContext, untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { type Channel, type ChannelState, createChannel } from '../../channel/client/channel.ts';
import type { Commands } from '../../channel/client/outbox.ts';
import type { Action } from '../../protocol/command.ts';
import { SluiceError } from '../../protocol/error.ts';
import { paths, socketUrl } from '../../protocol/paths.ts';
import { DownloadList } from './download-list.svelte.ts';
import { Draft } from './draft.svelte.ts';
import type { Filter } from './filter.ts';
import { Lookups } from './lookups.svelte.ts';
import { Notices } from './notices.svelte.ts';
import type { DownloadRow } from './row.svelte.ts';
import { httpSource } from './source.ts';

export interface SessionTexts {
  complete: (title: string) => string;
  completeMany: (count: number) => string;
  failed: (title: string) => string;
  failedMany: (count: number) => string;
  thrown: (error: unknown) => string;
}

/** What is for thousands goes out a few at a time: the server refuses a flood. */
const AT_ONCE = 16;

export type AddFields = Commands['add']['fields'];

export class Session {
  connection: ChannelState = $state.raw({ state: 'connecting' });
  /** Not live for so long that a person should know: what is shown may be out of date. */
  stale = $state(false);
  readonly notices = new Notices();
  readonly downloads: DownloadList;
  readonly lookups = new Lookups((name, fields, options) => this.#send(name, fields, options));
  readonly draft = new Draft();
  /** The row that the list is to bring into view and give the focus to. */
  revealed: string | null = $state(null);
  /** Commands on their way, by row: their buttons wait. */
  readonly busy = new SvelteMap<string, number>();
  /** Adds that met a lost connection and are not answered yet. */
  delayed = $state(0);
  /** Adds that are not answered yet. */
  #adding = 0;
  readonly #texts: SessionTexts;
  #channel: Channel | null = null;

  constructor(texts: SessionTexts) {
    this.#texts = texts;
    this.downloads = new DownloadList(httpSource, (row) => this.#moved(row));
  }

  /** In the browser only. The answer ends the connection. */
  connect(): () => void {
    const channel = createChannel({
      url: socketUrl(location, paths.channel),
      onMessage: (message) => this.downloads.apply(message),
      onState: (state) => {
        this.connection = state;
        this.#countDelayed();
      },
      isSessionGone: async () => (await fetch(`${paths.downloads}?limit=1`)).status === 401,
    });
    this.#channel = channel;
    return () => channel.close();
  }

  wake(): void {
    this.#channel?.wake();
  }

  /** @returns whether it was done; what went wrong is told in a notice */
  async act(name: Action, row: DownloadRow): Promise<boolean> {
    return this.#told(row.id, () => this.#send(name, { downloadId: row.id }));
  }

  async remove(row: DownloadRow, file: 'keep' | 'delete'): Promise<boolean> {
    return this.#told(row.id, () => this.#send('remove', { downloadId: row.id, file }));
  }

  /** @returns those that were refused, in the order given; the first error is told in a notice */
  async add(list: readonly AddFields[]): Promise<AddFields[]> {
    this.#adding += list.length;
    this.#countDelayed();
    const refused: AddFields[] = [];
    let failure: { thrown: unknown } | null = null;
    await inLanes(list, async (fields) => {
      try {
        await this.#send('add', fields);
      } catch (thrown) {
        refused.push(fields);
        failure ??= { thrown };
      }
      this.#adding--;
      this.#countDelayed();
    });
    if (failure !== null) this.notices.error(this.#texts.thrown((failure as { thrown: unknown }).thrown));
    return list.filter((fields) => refused.includes(fields));
  }

  /** Every row of these groups that is meant, those that were not loaded yet too. */
  async collect(filters: readonly Filter[], has: (row: DownloadRow) => boolean): Promise<DownloadRow[]> {
    for (const filter of filters) {
      while (this.downloads.hasMore(filter) && this.downloads.paging !== 'failed') {
        await this.downloads.more(filter);
      }
    }
    return this.downloads.rows.filter(has);
  }

  async actOnAll(
    name: Action,
    filters: readonly Filter[],
    has: (row: DownloadRow) => boolean,
  ): Promise<void> {
    await inLanes(await this.collect(filters, has), async (row) => void (await this.act(name, row)));
  }

  /** Takes them off the list and leaves their files. @returns how many are gone */
  async clear(rows: readonly DownloadRow[]): Promise<number> {
    let gone = 0;
    await inLanes(rows, async (row) => {
      if (await this.remove(row, 'keep')) gone++;
    });
    return gone;
  }

  /** Of what is loaded. */
  hasUrl(url: string): DownloadRow | null {
    return this.downloads.rows.find((row) => row.url === url) ?? null;
  }

  /**
   * What was delayed stays so until it is answered, also when the connection is back. Untracked: the effect that
   * connects would otherwise run again, and connect anew, with each state.
   */
  #countDelayed(): void {
    const most = untrack(() => (this.connection.state === 'live' ? this.delayed : this.#adding));
    this.delayed = Math.min(most, this.#adding);
  }

  #send: Channel['send'] = (name, fields, options) =>
    this.#channel?.send(name, fields, options) ?? Promise.reject(new SluiceError('not_ready'));

  async #told(id: string, command: () => Promise<unknown>): Promise<boolean> {
    this.busy.set(id, (this.busy.get(id) ?? 0) + 1);
    try {
      await command();
      return true;
    } catch (thrown) {
      this.notices.error(this.#texts.thrown(thrown));
      return false;
    } finally {
      const left = (this.busy.get(id) ?? 1) - 1;
      if (left > 0) this.busy.set(id, left);
      else this.busy.delete(id);
    }
  }

  #moved(row: DownloadRow): void {
    const { complete, completeMany, failed, failedMany } = this.#texts;
    if (row.state === 'complete') this.notices.gather('complete', row.title, complete, completeMany);
    else if (row.state === 'error') this.notices.gather('error', row.title, failed, failedMany);
  }
}

async function inLanes<T>(list: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...list];
  const lane = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, list.length) }, lane));
}

export const [useSession, provideSession] = createContext<Session>();
