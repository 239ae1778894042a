/** What there is to say of a download beside its state. Pure: the page and the command show the same. */
import type { DownloadView } from './download.ts';

export type DownloadDetail =
  | { kind: 'none' }
  /** Queued for one of the connections that its server takes at a time. */
  | { kind: 'host-limit'; connections: number }
  /** Queued behind others, as it was so slow. */
  | { kind: 'gave-way' }
  /** Since when its server has sent no first byte, ISO 8601, UTC. */
  | { kind: 'awaiting'; since: string }
  /** When it is tried again, and since when the network or its server is away: ISO 8601, UTC; null = not known. */
  | { kind: 'retry'; retryAt: string | null; since: string | null }
  /** The file is being compared with its expected hash. */
  | { kind: 'checking' }
  /** The file is in the download folder and is being synced to the disk. */
  | { kind: 'saving' };

/** One object, so that a row without a detail does not change with each sample. */
const NONE: DownloadDetail = { kind: 'none' };

type DetailFields = Pick<
  DownloadView,
  'state' | 'sha256' | 'saving' | 'retryAt' | 'since' | 'hostLimit' | 'gaveWay' | 'awaitingSince'
>;

/** By the state first: a change cannot remove a field from a view, so those of earlier states may be left in it. */
export function detailOf(view: DetailFields): DownloadDetail {
  switch (view.state) {
    case 'queued':
      if (view.hostLimit != null) return { kind: 'host-limit', connections: view.hostLimit };
      return view.gaveWay === true ? { kind: 'gave-way' } : NONE;
    case 'parse':
    case 'download':
      return view.awaitingSince == null ? NONE : { kind: 'awaiting', since: view.awaitingSince };
    case 'waiting':
      return { kind: 'retry', retryAt: view.retryAt ?? null, since: view.since ?? null };
    case 'finish':
      if (view.saving === true) return { kind: 'saving' };
      return view.sha256 === undefined ? NONE : { kind: 'checking' };
    default:
      return NONE;
  }
}
