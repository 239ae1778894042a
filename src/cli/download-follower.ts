import type { Channel } from '#lib/channel/client/channel.ts';
import { RowStore } from '#lib/channel/client/row-store.ts';
import { derive, type Snapshot, type Update } from '#lib/protocol/channel.ts';
import { type DownloadView, isFinal } from '#lib/protocol/download.ts';
import { SluiceError, toSluiceError } from '#lib/protocol/error.ts';
import type { EngineName, MediaItem } from '#lib/protocol/media.ts';
import { catchUp } from './catch-up.ts';
import { NetworkPatience } from './network-patience.ts';
import type { CliSession } from './session.ts';

export interface Wanted {
  streamId: string | null;
  engine: EngineName | null;
  /** What the one file has to hash to. */
  sha256: string | null;
}

type Addition = Pick<Wanted, 'streamId'> & { url: string; title: string | null };

/** A download of this run that has not ended. */
interface Open {
  /** As it was shown last; null = not yet. */
  row: DownloadView | null;
  /** Resolves with whether its file is there. */
  end: PromiseWithResolvers<boolean>;
}

/** The downloads of one `sluice get`: adds them, follows them to their end, cancels them on demand. */
export class DownloadFollower {
  readonly #onRow: (row: DownloadView) => void;
  readonly #patience: NetworkPatience;
  readonly #rows = new RowStore({
    onRow: (row) => this.#follow(row),
    onGone: (id, why) => {
      if (why === 'removed') this.#lose(id, new SluiceError('not_found', 'It was removed.'));
    },
  });
  readonly #open = new Map<string, Open>();
  readonly #failed: string[] = [];
  readonly #stopping = new AbortController();
  readonly #silent = new AbortController();
  #giveUpTimer: NodeJS.Timeout | undefined;
  #session: Pick<CliSession, 'channel' | 'read'> | null = null;
  /** Ends what looks for rows that the last snapshot did not hold. */
  #looking = new AbortController();

  /** @param onGivenUp nothing came of waiting for the network: what is left is cancelled */
  constructor(onRow: (row: DownloadView) => void, onGivenUp: () => void = () => {}) {
    this.#onRow = onRow;
    this.#patience = new NetworkPatience(() => {
      onGivenUp();
      void this.cancelAll(null);
    });
  }

  attach(session: Pick<CliSession, 'channel' | 'read'>): void {
    this.#session = session;
  }

  apply(message: Snapshot | Update): void {
    this.#rows.apply(message);
    if (message.type !== 'snapshot') return;
    this.#looking.abort();
    this.#looking = new AbortController();
    const missing = (): string[] => [...this.#open.keys()].filter((id) => this.#rows.get(id) === undefined);
    this.#lookFor(missing, message.next);
  }

  /**
   * @param onRefused told of an address for which there is not even a download
   * @returns the exit code: 0 when every file is there
   */
  async run(
    urls: string[],
    wanted: Wanted,
    onRefused: (url: string, error: SluiceError) => void,
  ): Promise<number> {
    const outcomes = urls.map(async (url) => {
      try {
        const additions = await this.#itemsOf(url, wanted);
        if (wanted.sha256 !== null && additions.length > 1) {
          throw new SluiceError(
            'invalid_request',
            `There are ${additions.length} files, and one SHA-256 is of one: pick it with --stream.`,
          );
        }
        const ends = await Promise.all(additions.map((addition) => this.#add(addition, wanted)));
        return ends.every(Boolean);
      } catch (error) {
        if (!this.#stopping.signal.aborted) onRefused(url, toSluiceError(error));
        return false;
      }
    });
    const isThere = await Promise.all(outcomes);
    this.#looking.abort();
    clearTimeout(this.#giveUpTimer);
    this.#patience.stop();
    return isThere.every(Boolean) ? 0 : 1;
  }

  /**
   * Cancels what is not final; `run` then ends by itself. Nothing is added any more.
   * @param answerMs what has not answered by then is given up, and counts as failed; null = wait for it
   */
  async cancelAll(answerMs: number | null): Promise<void> {
    this.#stopping.abort();
    if (answerMs !== null) this.#giveUpTimer = setTimeout(() => this.#giveUp(), answerMs);
    await Promise.all([...this.#open.keys()].map((id) => this.#cancel(id)));
  }

  /** It was told to cancel, and did not answer: what it was asked to fetch may go on. */
  get wasSilent(): boolean {
    return this.#silent.signal.aborted;
  }

  /** Removes what failed, with the bytes that came of it: nobody opens this session again to go on with them. */
  async removeFailed(): Promise<void> {
    if (this.wasSilent) return;
    await Promise.allSettled(this.#failed.map((downloadId) => this.#send('remove', { downloadId })));
  }

  /**
   * What is behind an address: the items of a page, each with its default stream, or the one that has the wanted
   * stream. When it cannot be listed, the address itself is tried: then the download says what is wrong, after
   * the retries that it is due.
   */
  async #itemsOf(url: string, { streamId, engine }: Wanted): Promise<Addition[]> {
    const whole: Addition[] = [{ url, streamId, title: null }];
    let items: MediaItem[];
    try {
      ({ items } = await this.#send('parse', { url, engine }, { signal: this.#stopping.signal }));
    } catch {
      this.#stopping.signal.throwIfAborted();
      return whole;
    }
    if (streamId !== null)
      items = items.filter(({ streams }) => streams.some(({ id }) => id === streamId)).slice(0, 1);
    if (items.length === 0) return whole;
    return items.map((item) => ({ url: item.url, streamId: streamId ?? defaultOf(item), title: item.title }));
  }

  /** Resolves at its end, with whether the file is there. */
  async #add(addition: Addition, { engine, sha256 }: Wanted): Promise<boolean> {
    this.#stopping.signal.throwIfAborted();
    // Not named where it is not wanted: an older server refuses what it does not know.
    const checked = sha256 === null ? {} : { sha256 };
    const { signal } = this.#silent;
    const { id } = await this.#send('add', { ...addition, engine, ...checked }, { signal });
    const end = Promise.withResolvers<boolean>();
    this.#open.set(id, { row: null, end });
    // Its first frames came before the answer did, unless the connection was lost between the two.
    const row = this.#rows.get(id);
    if (row) this.#follow(row);
    else this.#lookFor(() => (this.#rows.get(id) === undefined ? [id] : []), null);
    if (this.#stopping.signal.aborted) await this.#cancel(id);
    return end.promise;
  }

  async #cancel(downloadId: string): Promise<void> {
    const { signal } = this.#silent;
    try {
      const row = await this.#send('cancel', { downloadId }, { signal });
      // The frame that says the same comes no more when the connection is lost now.
      if (row) this.#follow(row);
    } catch {
      // One that ended meanwhile refuses: then there is nothing to cancel. Else it is given up with all others.
    }
  }

  #giveUp(): void {
    const error = new SluiceError('connect_failed');
    this.#silent.abort(error);
    for (const id of [...this.#open.keys()]) this.#lose(id, error);
  }

  #follow(row: DownloadView): void {
    const open = this.#open.get(row.id);
    if (!open) return;
    open.row = { ...row, ...derive(row) };
    this.#onRow(open.row);
    this.#patience.follow(open.row);
    if (!isFinal(row.state)) return;
    if (row.state === 'error') this.#failed.push(row.id);
    this.#open.delete(row.id);
    open.end.resolve(row.state === 'complete');
  }

  /** Nothing more will be heard of it. */
  #lose(id: string, error: SluiceError): void {
    const open = this.#open.get(id);
    if (!open) return;
    this.#open.delete(id);
    if (open.row) {
      this.#onRow({ ...open.row, state: 'error', bytesPerSecond: null, etaSeconds: null, error: error.view });
    }
    open.end.resolve(false);
  }

  /** Those that a frame did not hold, from the listing. */
  #lookFor(missing: () => string[], next: string | null): void {
    // Before the first download there is no session yet, and nothing to look for.
    if (missing().length === 0) return;
    const { generation } = this.#rows;
    void catchUp(next, {
      read: this.#session!.read,
      missing,
      onRows: (rows) => this.#rows.fill(rows, generation),
      onLost: (id, error) => this.#lose(id, error),
      signal: this.#looking.signal,
    });
  }

  get #send(): Channel['send'] {
    const { channel } = this.#session!;
    return channel.send.bind(channel);
  }
}

/** null leaves it to the engine, which is the same unless the page offers exactly one. */
function defaultOf({ streams }: MediaItem): string | null {
  return (streams.find(({ isDefault }) => isDefault) ?? streams[0])?.id ?? null;
}
