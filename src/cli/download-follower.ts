import type { Channel } from '#lib/channel/client/channel.ts';
import { RowStore } from '#lib/channel/client/row-store.ts';
import { deriveProgress, type Snapshot, type Update } from '#lib/protocol/channel.ts';
import { type DownloadView, isFinal } from '#lib/protocol/download.ts';
import { SluiceError, toSluiceError } from '#lib/protocol/error.ts';
import type { EngineName, MediaItem, ParseResult } from '#lib/protocol/media.ts';
import { uniqueItems } from '#lib/protocol/unique-items.ts';
import { PAGE_STREAM } from '#lib/protocol/page-itself.ts';
import { catchUp } from './catch-up.ts';
import { NetworkWaitLimit } from './network-wait-limit.ts';
import { parseAll } from './parse-all.ts';
import type { CliSession } from './session.ts';

export interface NewDownloadOptions {
  streamId: string | null;
  engine: EngineName | null;
  /** The expected hash of the one file. */
  sha256: string | null;
}

/** Of one list: a server reads 200 commands a second (`channel/socket.server.ts`), and each is waited for 30 s. */
const ADDED_AT_ONCE = 200;

type NewDownload = Pick<NewDownloadOptions, 'streamId'> & { url: string; title: string | null };

/** A download of this run that has not ended. */
interface OpenDownload {
  /** As it was last shown; null = not yet. */
  row: DownloadView | null;
  /** Resolves with whether it is complete. */
  end: PromiseWithResolvers<boolean>;
}

/** The downloads of one `sluice get`: adds them, follows them to their end, cancels them on demand. */
export class DownloadFollower {
  readonly #onRow: (row: DownloadView) => void;
  readonly #patience: NetworkWaitLimit;
  readonly #rows = new RowStore({
    onRow: (row) => this.#follow(row),
    onGone: (id, why) => {
      if (why === 'removed') this.#lose(id, new SluiceError('not_found', 'It was removed.'));
    },
  });
  readonly #open = new Map<string, OpenDownload>();
  readonly #failed: string[] = [];
  readonly #stopping = new AbortController();
  /** Aborts when the session did not answer `cancel` in time. */
  readonly #unanswered = new AbortController();
  #giveUpTimer: NodeJS.Timeout | undefined;
  #session: Pick<CliSession, 'channel' | 'apiGet'> | null = null;
  /** Ends the search for rows that the last snapshot did not hold. */
  #catchingUp = new AbortController();

  /** @param onGivenUp nothing came of waiting for the network: what is left is cancelled */
  constructor(onRow: (row: DownloadView) => void, onGivenUp: () => void = () => {}) {
    this.#onRow = onRow;
    this.#patience = new NetworkWaitLimit(() => {
      onGivenUp();
      void this.cancelAll(null);
    });
  }

  attach(session: Pick<CliSession, 'channel' | 'apiGet'>): void {
    this.#session = session;
  }

  apply(message: Snapshot | Update): void {
    this.#rows.apply(message);
    if (message.type !== 'snapshot') return;
    this.#catchingUp.abort();
    this.#catchingUp = new AbortController();
    const missing = (): string[] => [...this.#open.keys()].filter((id) => this.#rows.get(id) === undefined);
    this.#catchUp(missing, message.next);
  }

  /**
   * @param onRefused called for an address that could not be added
   * @param onLeftOut called with what of an address is not downloaded, and why
   * @returns the exit code: 0 when every download is complete
   */
  async run(
    urls: string[],
    options: NewDownloadOptions,
    onRefused: (url: string, error: SluiceError) => void,
    onLeftOut: (url: string, what: string) => void = () => {},
  ): Promise<number> {
    const downloads = urls.map(async (url) => {
      try {
        const found = await this.#itemsOf(url, options, (what) => onLeftOut(url, what));
        if (options.sha256 !== null && found.length > 1) {
          throw new SluiceError(
            'invalid_request',
            `There are ${found.length} files, and one SHA-256 is of one: pick it with --stream.`,
          );
        }
        const added: OpenDownload['end'][] = [];
        let refusal: SluiceError | null = null;
        for (let from = 0; from < found.length; from += ADDED_AT_ONCE) {
          const some = found.slice(from, from + ADDED_AT_ONCE);
          const answers = await Promise.allSettled(some.map((download) => this.#add(download, options)));
          for (const answer of answers) {
            if (answer.status === 'fulfilled') added.push(answer.value);
            else refusal ??= toSluiceError(answer.reason);
          }
          if (refusal !== null) break;
        }
        // What was added goes on, whatever became of the others.
        const areComplete = await Promise.all(added.map(({ promise }) => promise));
        if (refusal !== null) throw refusal;
        return areComplete.every(Boolean);
      } catch (error) {
        if (!this.#stopping.signal.aborted) onRefused(url, toSluiceError(error));
        return false;
      }
    });
    const areComplete = await Promise.all(downloads);
    this.#catchingUp.abort();
    clearTimeout(this.#giveUpTimer);
    this.#patience.stop();
    return areComplete.every(Boolean) ? 0 : 1;
  }

  /**
   * Cancels every download that is not final, and adds no more; `run` then ends by itself.
   * @param answerMs downloads that are not final by then count as failed; null = no limit
   */
  async cancelAll(answerMs: number | null): Promise<void> {
    this.#stopping.abort();
    if (answerMs !== null) this.#giveUpTimer = setTimeout(() => this.#giveUp(), answerMs);
    await Promise.all([...this.#open.keys()].map((id) => this.#cancel(id)));
  }

  /** The session did not answer `cancel` in time: its downloads may go on. */
  get isUnanswered(): boolean {
    return this.#unanswered.signal.aborted;
  }

  /** Removes failed downloads with their bytes: nobody opens this session again to resume them. */
  async removeFailed(): Promise<void> {
    if (this.isUnanswered) return;
    await Promise.allSettled(this.#failed.map((downloadId) => this.#send('remove', { downloadId })));
  }

  /**
   * The items of a page or of a whole list, each address once with its default stream; with a stream id, the first item that
   * has it. An address that cannot be listed is added itself: the download then retries, and says what is wrong.
   * @throws SluiceError what a later page of a list fails with, and why none of the items can be downloaded
   */
  async #itemsOf(
    url: string,
    { streamId, engine }: NewDownloadOptions,
    onLeftOut: (what: string) => void,
  ): Promise<NewDownload[]> {
    const itself: NewDownload[] = [{ url, streamId, title: null }];
    if (streamId === PAGE_STREAM) return itself;
    const hasStream = ({ streams }: MediaItem): boolean => streams.some(({ id }) => id === streamId);
    let page: ParseResult | null = null;
    let found: ParseResult;
    try {
      found = await parseAll(
        async (fields) => (page = await this.#send('parse', fields, { signal: this.#stopping.signal })),
        { url, engine },
        (items) => streamId !== null && items.some(hasStream),
      );
    } catch (error) {
      this.#stopping.signal.throwIfAborted();
      if (page !== null) throw error;
      return itself;
    }
    if (streamId !== null) {
      const item = found.items.find(hasStream);
      return item === undefined ? itself : [{ url: item.url, streamId, title: item.title }];
    }
    const items = uniqueItems(found.items);
    if (items.length === 0) return itself;
    const available = items.filter(({ unavailable }) => unavailable === undefined);
    if (available.length === 0) throw new SluiceError(items[0]?.unavailable ?? 'no_media');
    if (available.length < items.length)
      onLeftOut(`${items.length - available.length} of ${items.length} items are not available: left out.`);
    if (found.truncated) onLeftOut('There are more items, which cannot be listed.');
    return available.map((item) => ({ url: item.url, streamId: defaultStreamId(item), title: item.title }));
  }

  /** Resolves when the download is added. */
  async #add(download: NewDownload, { engine, sha256 }: NewDownloadOptions): Promise<OpenDownload['end']> {
    this.#stopping.signal.throwIfAborted();
    // Left out when not given: older servers refuse fields that they do not know.
    const hash = sha256 === null ? {} : { sha256 };
    const { signal } = this.#unanswered;
    const { id } = await this.#send('add', { ...download, engine, ...hash }, { signal });
    const end = Promise.withResolvers<boolean>();
    this.#open.set(id, { row: null, end });
    // Its first update arrives before the ack, unless the connection was lost between the two.
    const row = this.#rows.get(id);
    if (row) this.#follow(row);
    else this.#catchUp(() => (this.#rows.get(id) === undefined ? [id] : []), null);
    if (this.#stopping.signal.aborted) await this.#cancel(id);
    return end;
  }

  async #cancel(downloadId: string): Promise<void> {
    const { signal } = this.#unanswered;
    try {
      const row = await this.#send('cancel', { downloadId }, { signal });
      // Do not wait for the update with the same row: the connection may be lost before it arrives.
      if (row) this.#follow(row);
    } catch {
      // Refused because it ended meanwhile, or aborted by `#giveUp`, which ends all of them.
    }
  }

  #giveUp(): void {
    const error = new SluiceError('connect_failed');
    this.#unanswered.abort(error);
    for (const id of [...this.#open.keys()]) this.#lose(id, error);
  }

  #follow(row: DownloadView): void {
    const open = this.#open.get(row.id);
    if (!open) return;
    open.row = { ...row, ...deriveProgress(row) };
    this.#onRow(open.row);
    this.#patience.follow(open.row);
    if (!isFinal(row.state)) return;
    if (row.state === 'error') this.#failed.push(row.id);
    this.#open.delete(row.id);
    open.end.resolve(row.state === 'complete');
  }

  /** Ends a download that no further update will come for. */
  #lose(id: string, error: SluiceError): void {
    const open = this.#open.get(id);
    if (!open) return;
    this.#open.delete(id);
    if (open.row) {
      this.#onRow({ ...open.row, state: 'error', bytesPerSecond: null, etaSeconds: null, error: error.view });
    }
    open.end.resolve(false);
  }

  /** Fetches rows that the channel did not send. */
  #catchUp(missing: () => string[], next: string | null): void {
    // Before the first download `#session` is null, and nothing is missing.
    if (missing().length === 0) return;
    const { generation } = this.#rows;
    void catchUp(next, {
      apiGet: this.#session!.apiGet,
      missing,
      onRows: (rows) => this.#rows.addListed(rows, generation),
      onLost: (id, error) => this.#lose(id, error),
      signal: this.#catchingUp.signal,
    });
  }

  get #send(): Channel['send'] {
    const { channel } = this.#session!;
    return channel.send.bind(channel);
  }
}

/** null leaves the choice to the engine. */
function defaultStreamId({ streams }: MediaItem): string | null {
  return (streams.find(({ isDefault }) => isDefault) ?? streams[0])?.id ?? null;
}
