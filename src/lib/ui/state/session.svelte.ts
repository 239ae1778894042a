/** Everything a page has: the channel, what came over it, and the commands that components send. */
import { createContext, untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { type Channel, type ChannelState, createChannel } from '../../channel/client/channel.ts';
import type { Action } from '../../protocol/actions.ts';
import type { CommandInput } from '../../protocol/commands.ts';
import { SluiceError } from '../../protocol/error.ts';
import { paths, socketUrl } from '../../protocol/paths.ts';
import { type BrowserSession, dismissLost, findSession, watchSession } from './browser-session.ts';
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

export type AddFields = CommandInput<'add'>;

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
  /** The session that this browser had before this one; null = none, or that was dismissed. */
  lost: string | null = $state(null);
  /** Commands on their way, by row: their buttons wait. */
  readonly busy = new SvelteMap<string, number>();
  /** Adds that met a lost connection and are not answered yet. */
  delayed = $state(0);
  /** Adds that are not answered yet. */
  #adding = 0;
  readonly #texts: SessionTexts;
  /** Commands wait for it while the browser has no session yet. */
  #channel: Promise<Channel> | null = null;
  #openChannel: Channel | null = null;

  constructor(texts: SessionTexts) {
    this.#texts = texts;
    this.downloads = new DownloadList(httpSource, (row) => this.#moved(row));
  }

  /** In the browser only. The answer ends the connection. */
  connect(): () => void {
    const closing = new AbortController();
    this.#channel = this.#open(closing.signal);
    return () => closing.abort();
  }

  wake(): void {
    this.#openChannel?.wake();
  }

  dismissLost(): void {
    this.lost = null;
    dismissLost();
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

  async #open(closing: AbortSignal): Promise<Channel> {
    // Without one the channel is refused, comes back until the server can be asked, and then has the page loaded again.
    const found = await findSession().catch(() => null);
    const channel = createChannel({
      url: socketUrl(location, paths.channel),
      onMessage: (message) => this.downloads.apply(message),
      onState: (state) => {
        this.connection = state;
        this.#countDelayed();
      },
      onSilence: () => (this.stale = true),
      isSessionGone: async () => (await fetch(`${paths.downloads}?limit=1`)).status === 401,
    });
    this.#openChannel = channel;
    if (closing.aborted) {
      channel.close();
      return channel;
    }
    closing.addEventListener('abort', () => channel.close());
    if (found !== null) this.#follow(found, closing);
    return channel;
  }

  /** Says what was lost, and keeps to the session that the browser has: another tab may get it another one. */
  #follow({ id, lost }: BrowserSession, closing: AbortSignal): void {
    this.lost = lost;
    const stop = watchSession((change) => {
      if ('lost' in change) this.lost = null;
      else if (change.id !== id && this.connection.state === 'live') location.reload();
    });
    closing.addEventListener('abort', stop);
  }

  #send: Channel['send'] = async (name, fields, options) => {
    if (this.#channel === null) throw new SluiceError('not_ready');
    return (await this.#channel).send(name, fields, options);
  };

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
