import { deriveProgress } from '../../protocol/channel.ts';
import type { DownloadView } from '../../protocol/download.ts';
import { detailOf } from '../../protocol/download-detail.ts';

/**
 * One download on the page, as signals. A change replaces the view of this row only, and reruns only the effects that
 * read a changed value.
 */
export class ListRow {
  readonly id: string;
  readonly createdAt: string;
  #view: DownloadView = $state.raw() as unknown as DownloadView;

  readonly state = $derived.by(() => this.#view.state);
  readonly title = $derived.by(() => this.#view.title || this.#view.url);
  readonly url = $derived.by(() => this.#view.url);
  readonly engine = $derived.by(() => this.#view.engine);
  readonly file = $derived.by(() => this.#view.file);
  readonly error = $derived.by(() => this.#view.error);
  readonly sha256 = $derived.by(() => this.#view.sha256 ?? null);
  /** Of the media, what is missing on its site. */
  readonly gapSeconds = $derived.by(() => this.#view.gapSeconds ?? 0);
  readonly lowered = $derived.by(() => this.#view.lowered ?? null);
  readonly detail = $derived.by(() => detailOf(this.#view));
  readonly attempt = $derived.by(() => this.#view.attempt);
  readonly finishedAt = $derived.by(() => this.#view.finishedAt);
  readonly receivedBytes = $derived.by(() => this.#view.receivedBytes);
  readonly totalBytes = $derived.by(() => this.#view.totalBytes);
  readonly bytesPerSecond = $derived.by(() => this.#view.bytesPerSecond);
  readonly #progress = $derived.by(() => deriveProgress(this.#view));
  readonly percent = $derived.by(() => this.#progress.percent);
  readonly etaSeconds = $derived.by(() => this.#progress.etaSeconds);

  constructor(view: DownloadView) {
    this.id = view.id;
    this.createdAt = view.createdAt;
    this.#view = view;
  }

  get view(): DownloadView {
    return this.#view;
  }

  /** For the store only. */
  replace(view: DownloadView): void {
    this.#view = view;
  }
}

/** Newest first; the id decides between two of the same millisecond. */
export function newestFirst(
  a: Pick<ListRow, 'createdAt' | 'id'>,
  b: Pick<ListRow, 'createdAt' | 'id'>,
): number {
  if (a.createdAt !== b.createdAt) return a.createdAt < b.createdAt ? 1 : -1;
  return a.id < b.id ? 1 : a.id > b.id ? -1 : 0;
}
