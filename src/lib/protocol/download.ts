import type { ErrorView } from './error.ts';
import type { EngineName } from './media.ts';
import type { ShownVisit } from './visit.ts';

/** `queued → parse → download → finish → complete`; the others wait or are final. */
export const DOWNLOAD_STATES = [
  'queued',
  'parse',
  'download',
  'finish',
  'paused',
  'waiting',
  'complete',
  'error',
  'cancelled',
] as const;
export type DownloadState = (typeof DOWNLOAD_STATES)[number];

/** States that are left only by a command. */
const FINAL_STATES = ['complete', 'error', 'cancelled'] as const satisfies DownloadState[];
/** States in which a runner works, or is asked to. */
export const ACTIVE_STATES = ['parse', 'download', 'finish'] as const satisfies DownloadState[];

export function isFinal(state: DownloadState): boolean {
  return (FINAL_STATES as readonly DownloadState[]).includes(state);
}

/** A download as clients see it: HTTP, ws, `sluice get --json`. */
export interface DownloadView {
  /** 11 characters, or 12 (`DOWNLOAD_ID`). */
  id: string;
  url: string;
  title: string;
  engine: EngineName | null;
  state: DownloadState;
  receivedBytes: number;
  totalBytes: number | null;
  /** 0–100. */
  percent: number | null;
  bytesPerSecond: number | null;
  etaSeconds: number | null;
  /** 1 for the first; a retry, by hand or by itself, is one more. */
  attempt: number;
  /** ISO 8601, UTC. */
  createdAt: string;
  finishedAt: string | null;
  file: { name: string; bytes: number } | null;
  error: ErrorView | null;
  /** Only in `finish`: true once the file is in the download folder and is being synced to the disk. */
  saving?: boolean;
  /** Only in `waiting`: when the next attempt starts, ISO 8601, UTC. */
  retryAt?: string;
  /** Only while it waits for the network or its host: since when that is away, ISO 8601, UTC. */
  since?: string;
  /** Only in `queued`: how many connections at a time its server takes, and for one of which it waits; null = it does not. */
  hostLimit?: number | null;
  /** Only in `queued`: whether it was so slow that it has given its slot to another, and waits behind those that wait. */
  gaveWay?: boolean;
  /** Seconds of the media that its site says are not there (gaps of a playlist), so that the file is shorter by them. */
  gapSeconds?: number;
  /** The quality that is fetched although nobody chose it, as the best could not be had; null = not any more. */
  lowered?: LowerQuality | null;
  /** Since when its server has sent no first byte, ISO 8601, UTC; null = it has by now. Absent unless that took seconds. */
  awaitingSince?: string | null;
  /** The expected hash, if one was given: 64 lower-case hex digits. A complete file has been checked against it. */
  sha256?: string;
}

/** Two qualities, as a list names them. */
export interface LowerQuality {
  quality: string;
  /** What could not be had. */
  missing: string;
}

export interface Totals {
  /** In parse, download or finish. */
  active: number;
  /** Queued, waiting for a retry, or paused. */
  queued: number;
  done: number;
  /** In error or cancelled. */
  failed: number;
  bytesPerSecond: number;
  /** Only while there is no network and downloads wait for it. Times are ISO 8601, UTC. */
  network?: { since: string; retryAt: string };
  /** Only while an operator looks into the list. */
  visit?: ShownVisit;
}
