import type { Channel } from '#lib/channel/client.ts';
import type { Snapshot, Update } from '#lib/protocol/channel.ts';
import { type DownloadView, isFinal } from '#lib/protocol/download.ts';
import { SluiceError, toSluiceError } from '#lib/protocol/error.ts';
import type { EngineName, MediaItem } from '#lib/protocol/media.ts';
import { Rows } from './rows.ts';

export interface Wanted {
  streamId: string | null;
  engine: EngineName | null;
  /** What the one file has to hash to. */
  sha256: string | null;
}

type Addition = Pick<Wanted, 'streamId'> & { url: string; title: string | null };

/** The downloads of one `sluice get`: adds them, follows them to their end, cancels them on demand. */
export class Downloads {
  readonly #rows: Rows;
  /** Every download of this run; its promise resolves with the final row. */
  readonly #mine = new Map<string, PromiseWithResolvers<DownloadView>>();
  readonly #stopping = new AbortController();
  #channel: Channel | null = null;

  constructor(onRow: (row: DownloadView) => void) {
    this.#rows = new Rows((row) => {
      const end = this.#mine.get(row.id);
      if (!end) return;
      onRow(row);
      if (isFinal(row.state)) end.resolve(row);
    });
    this.#onRow = onRow;
  }

  readonly #onRow: (row: DownloadView) => void;

  attach(channel: Channel): void {
    this.#channel = channel;
  }

  hear(message: Snapshot | Update): void {
    this.#rows.apply(message);
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
        const ids = await Promise.all(additions.map((addition) => this.#add(addition, wanted)));
        const ends = await Promise.all(ids.map((id) => this.#end(id)));
        return ends.every(({ state }) => state === 'complete');
      } catch (error) {
        if (!this.#stopping.signal.aborted) onRefused(url, toSluiceError(error));
        return false;
      }
    });
    return (await Promise.all(outcomes)).every(Boolean) ? 0 : 1;
  }

  /** Cancels what is not final; `run` then ends by itself. Nothing is added any more. */
  async cancelAll(): Promise<void> {
    this.#stopping.abort();
    const open = [...this.#mine.keys()].filter((id) => {
      const row = this.#rows.get(id);
      return row === undefined || !isFinal(row.state);
    });
    // One that ended meanwhile refuses: then there is nothing to cancel.
    await Promise.allSettled(open.map((downloadId) => this.#send('cancel', { downloadId })));
  }

  /** Removes what failed, with the bytes that came of it: nobody opens this session again to go on with them. */
  async removeFailed(): Promise<void> {
    const failed = [...this.#mine.keys()].filter((id) => this.#rows.get(id)?.state === 'error');
    await Promise.allSettled(failed.map((downloadId) => this.#send('remove', { downloadId })));
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

  async #add(addition: Addition, { engine, sha256 }: Wanted): Promise<string> {
    this.#stopping.signal.throwIfAborted();
    // Not named where it is not wanted: an older server refuses what it does not know.
    const checked = sha256 === null ? {} : { sha256 };
    const { id } = await this.#send('add', { ...addition, engine, ...checked });
    const end = Promise.withResolvers<DownloadView>();
    this.#mine.set(id, end);
    // Its first frames may have come before the answer did.
    const row = this.#rows.get(id);
    if (row) {
      this.#onRow(row);
      if (isFinal(row.state)) end.resolve(row);
    }
    if (this.#stopping.signal.aborted) await this.cancelAll();
    return id;
  }

  #end(id: string): Promise<DownloadView> {
    return this.#mine.get(id)!.promise;
  }

  get #send(): Channel['send'] {
    const channel = this.#channel!;
    return channel.send.bind(channel);
  }
}

/** null leaves it to the engine, which is the same unless the page offers exactly one. */
function defaultOf({ streams }: MediaItem): string | null {
  return (streams.find(({ isDefault }) => isDefault) ?? streams[0])?.id ?? null;
}
