/** The state of the page: the channel, what arrived over it, and the commands that components send. */
import { createContext, untrack } from 'svelte';
import { SvelteMap } from 'svelte/reactivity';
import { type Channel, type ChannelState, createChannel } from '../../channel/client/channel.ts';
import type { Action } from '../../protocol/actions.ts';
import type { CommandInput } from '../../protocol/commands.ts';
import { SluiceError } from '../../protocol/error.ts';
import { paths, socketUrl } from '../../protocol/paths.ts';
import {
  acceptSession,
  type BrowserSession,
  dismissLost,
  findSession,
  isKnownSession,
  startNewSession,
  refusedForMs,
  watchSession,
} from './browser-session.ts';
import { DownloadList } from './download-list.svelte.ts';
import { Draft } from './draft.svelte.ts';
import type { Filter } from './filter.ts';
import { Lookups } from './lookups.svelte.ts';
import { Notices } from './notices.svelte.ts';
import type { ListRow } from './row.svelte.ts';
import { httpSource } from './source.ts';

export interface SessionTexts {
  complete: (title: string) => string;
  completeMany: (count: number) => string;
  failed: (title: string) => string;
  failedMany: (count: number) => string;
  thrown: (error: unknown) => string;
}

/** Commands in flight of a bulk action: the server refuses floods. */
const MAX_CONCURRENT = 16;

const TWO_SESSIONS = new SluiceError('two_sessions');

export type AddFields = CommandInput<'add'>;

export class Session {
  connection: ChannelState = $state.raw({ state: 'connecting' });
  /** Disconnected for so long that the page says that it may be out of date. */
  stale = $state(false);
  readonly notices = new Notices();
  readonly downloads: DownloadList;
  readonly lookups = new Lookups((name, fields, options) => this.#send(name, fields, options));
  readonly draft = new Draft();
  /** The row that the list should scroll to and focus. */
  revealed: string | null = $state(null);
  /** The session that this browser had before; null = none, or dismissed. */
  lost: string | null = $state(null);
  /** A session that only the cookie names, until the visitor has said whose it is; null = none. */
  unknown: string | null = $state(null);
  /** The number of pending commands of each row: its buttons are inactive meanwhile. */
  readonly busy = new SvelteMap<string, number>();
  /** Unanswered adds that a lost connection has delayed. */
  delayed = $state(0);
  /** Unanswered adds. */
  #adding = 0;
  readonly #texts: SessionTexts;
  /** Pending until the browser has a session; commands wait for it. */
  #channel: Promise<Channel> | null = null;
  #openChannel: Channel | null = null;
  /** Ends the wait for a session. */
  #retrySession: () => void = () => undefined;
  /** Ends the wait for an answer about `unknown`. */
  #answerUnknown: (answer: BrowserSession) => void = () => undefined;

  constructor(texts: SessionTexts) {
    this.#texts = texts;
    this.downloads = new DownloadList(httpSource, (row) => this.#announceEnd(row));
  }

  /** In the browser only. @returns closes the connection */
  connect(): () => void {
    const closing = new AbortController();
    this.#channel = this.#open(closing.signal);
    return () => closing.abort();
  }

  checkConnection(): void {
    this.#openChannel?.checkConnection();
    this.#retrySession();
  }

  dismissLost(): void {
    this.lost = null;
    dismissLost();
  }

  /** @param isOwn of the session `unknown` */
  answerUnknown(isOwn: boolean): void {
    if (this.unknown === null) return;
    if (isOwn) return this.#answerUnknown(acceptSession(this.unknown));
    // Until there is another one the visitor is asked on: the channel would open the list that is not theirs.
    void startNewSession().then(this.#answerUnknown, (thrown: unknown) =>
      this.notices.error(this.#texts.thrown(thrown)),
    );
  }

  /** @returns whether it succeeded; an error is shown in a notice */
  async act(name: Action, row: ListRow): Promise<boolean> {
    return this.#runForRow(row.id, () => this.#send(name, { downloadId: row.id }));
  }

  async remove(row: ListRow, file: 'keep' | 'delete'): Promise<boolean> {
    return this.#runForRow(row.id, () => this.#send('remove', { downloadId: row.id, file }));
  }

  /** @returns those that were refused, in the given order; the first error is shown in a notice */
  async add(list: readonly AddFields[]): Promise<AddFields[]> {
    this.#adding += list.length;
    this.#countDelayed();
    const refused: AddFields[] = [];
    let failure: { thrown: unknown } | null = null;
    await runConcurrently(list, async (fields) => {
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

  /** All matching rows of these groups; loads those that are not loaded yet. */
  async collect(filters: readonly Filter[], matches: (row: ListRow) => boolean): Promise<ListRow[]> {
    for (const filter of filters) {
      while (this.downloads.hasMore(filter) && this.downloads.paging !== 'failed') {
        await this.downloads.more(filter);
      }
    }
    return this.downloads.rows.filter(matches);
  }

  async actOnAll(
    name: Action,
    filters: readonly Filter[],
    matches: (row: ListRow) => boolean,
  ): Promise<void> {
    const rows = await this.collect(filters, matches);
    await runConcurrently(rows, async (row) => void (await this.act(name, row)));
  }

  /** Removes rows from the list and keeps their files. @returns how many were removed */
  async clear(rows: readonly ListRow[]): Promise<number> {
    let removed = 0;
    await runConcurrently(rows, async (row) => {
      if (await this.remove(row, 'keep')) removed++;
    });
    return removed;
  }

  /** Among the loaded rows. */
  findByUrl(url: string): ListRow | null {
    return this.downloads.rows.find((row) => row.url === url) ?? null;
  }

  /**
   * A delayed add counts until it is answered, also after a reconnect. Untracked, as the effect that connects would
   * otherwise run again with each state.
   */
  #countDelayed(): void {
    const most = untrack(() => (this.connection.state === 'live' ? this.delayed : this.#adding));
    this.delayed = Math.min(most, this.#adding);
  }

  /** @returns null when it failed; a visitor who had too many sessions waits until there is another */
  async #findSession(closing: AbortSignal): Promise<BrowserSession | null> {
    for (;;) {
      try {
        const found = await findSession();
        return found.isUnknown ? await this.#askAbout(found, closing) : found;
      } catch (thrown) {
        const waitMs = refusedForMs(thrown);
        if ((Object(thrown) as { status?: number }).status === TWO_SESSIONS.status)
          this.notices.error(this.#texts.thrown(TWO_SESSIONS));
        if (waitMs === null || closing.aborted) return null;
        this.connection = { state: 'waiting', retryAt: Date.now() + waitMs, isBusy: true };
        await new Promise<void>((resolve) => {
          this.#retrySession = resolve;
          const timer = setTimeout(resolve, waitMs);
          closing.addEventListener('abort', () => {
            clearTimeout(timer);
            resolve();
          });
        });
        if (closing.aborted) return null;
      }
    }
  }

  /** Nothing is sent until the visitor has answered, or another tab has got that session. */
  async #askAbout({ id }: BrowserSession, closing: AbortSignal): Promise<BrowserSession> {
    this.unknown = id;
    let stop = (): void => undefined;
    try {
      return await new Promise<BrowserSession>((resolve, reject) => {
        this.#answerUnknown = resolve;
        const check = (): void => {
          if (isKnownSession(id)) resolve(acceptSession(id));
        };
        stop = watchSession(check);
        // It may have got it before the watch began.
        check();
        closing.addEventListener('abort', () => reject(new SluiceError('not_ready')));
      });
    } finally {
      stop();
      this.unknown = null;
    }
  }

  async #open(closing: AbortSignal): Promise<Channel> {
    // Without a session the channel is refused, reconnects until the server answers, and then reloads the page.
    const found = await this.#findSession(closing);
    const channel = createChannel({
      url: socketUrl(location, paths.channel),
      onMessage: (message) => this.downloads.apply(message),
      onState: (state) => {
        this.connection = state;
        this.#countDelayed();
      },
      onSilence: () => (this.stale = true),
      isSessionGone: async () => (await fetch(paths.channel)).status === 401,
    });
    this.#openChannel = channel;
    if (closing.aborted) {
      channel.close();
      return channel;
    }
    closing.addEventListener('abort', () => channel.close());
    if (found !== null) this.#watchSession(found, closing);
    return channel;
  }

  /** Reloads the page when another tab gets another session for this browser. */
  #watchSession({ id, lost }: BrowserSession, closing: AbortSignal): void {
    this.lost = lost;
    const stop = watchSession((change) => {
      if ('lost' in change) this.lost = null;
      else if ('id' in change && change.id !== id && this.connection.state === 'live') location.reload();
    });
    closing.addEventListener('abort', stop);
  }

  #send: Channel['send'] = async (name, fields, options) => {
    if (this.#channel === null) throw new SluiceError('not_ready');
    return (await this.#channel).send(name, fields, options);
  };

  async #runForRow(id: string, command: () => Promise<unknown>): Promise<boolean> {
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

  #announceEnd(row: ListRow): void {
    const { complete, completeMany, failed, failedMany } = this.#texts;
    if (row.state === 'complete') this.notices.announce('complete', row.title, complete, completeMany);
    else if (row.state === 'error') this.notices.announce('error', row.title, failed, failedMany);
  }
}

async function runConcurrently<T>(list: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const queue = [...list];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: Math.min(MAX_CONCURRENT, list.length) }, worker));
}

export const [useSession, provideSession] = createContext<Session>();
