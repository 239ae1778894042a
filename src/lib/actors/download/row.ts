/**
 * A download as it is stored. Rows, not XState snapshots, are persisted: they are versioned, they
 * can be read by people, and avoid the pitfalls of snapshots (docs/adr/002-rows-not-snapshots.md).
 */
import { cleanTitle } from '../../protocol/title.ts';
import type { CommandFields } from '../../protocol/commands.ts';
import type { DownloadState, LowerQuality } from '../../protocol/download.ts';
import { type ErrorView, SluiceError } from '../../protocol/error.ts';
import type { EngineName } from '../../protocol/media.ts';
import type { FoundOn, RecordedFile } from '../../protocol/runner.ts';

/** Increased whenever an older Sluice could misread a row. */
export const ROW_VERSION = 1;
/** The version of rows with `sha256`: a Sluice that does not know the field would not check the file. */
const CHECKED_ROW_VERSION = 2;

/** How many of the newest transitions are kept in a row, to explain a failure later. */
const HISTORY_LENGTH = 32;

/** When (ms since 1970), into which state, and the id of what caused it: `command:…`, `runner:…`, `alarm:…`. */
export type Transition = [at: number, state: DownloadState, cause: string];

/** As stored: what a download waits for. */
export interface RowAway {
  /** Since when, ms since 1970. */
  since: number;
  /** null = the network. */
  host: string | null;
}

export interface DownloadRow {
  v: typeof ROW_VERSION | typeof CHECKED_ROW_VERSION;
  id: string;
  /** The order number in the session, increasing with each add. Listings are newest first, the queue oldest first. */
  n: number;
  url: string;
  streamId: string | null;
  /** The requested engine; null = the registry picks. */
  wantedEngine: EngineName | null;
  wantedName: string | null;
  /** The expected hash of the finished file; absent = it is not hashed. */
  sha256?: string;
  title: string;
  /** The title that was shown when it was picked from a list; absent = it was not. */
  listedTitle?: string;
  /** The page on which its address was listed; absent = none was. Never shown. */
  foundOn?: FoundOn;
  /** The engine that was used. */
  engine: EngineName | null;
  state: DownloadState;
  receivedBytes: number;
  totalBytes: number | null;
  /** Of the media, what its site says is not there, in s; absent = nothing is known to be missing. */
  gapSeconds?: number;
  /** See `DownloadView`. */
  lowered?: LowerQuality | null;
  /** Since when its server has sent no first byte, ms since 1970; null = not any more, absent = that was never so. */
  awaitingSince?: number | null;
  /** 0–100 as reported by the engine, for downloads without a known total. */
  percent: number | null;
  attempt: number;
  /** Transient failures since it last made progress: sets the backoff. */
  failures: number;
  /** The most bytes of any earlier attempt; absent = none. */
  furthestBytes?: number;
  /** ms since 1970. */
  createdAt: number;
  finishedAt: number | null;
  /** When a `waiting` download is due, ms since 1970. */
  dueAt: number | null;
  /** What it waits for, if that is the network or a host; absent or null = neither. */
  away?: RowAway | null;
  file: RecordedFile | null;
  error: ErrorView | null;
  history: Transition[];
}

export function newRow(
  id: string,
  n: number,
  body: CommandFields<'add'>,
  at: number,
  cause: string,
  foundOn: FoundOn | null = null,
): DownloadRow {
  return {
    v: body.sha256 === undefined ? ROW_VERSION : CHECKED_ROW_VERSION,
    id,
    n,
    url: body.url,
    streamId: body.streamId,
    wantedEngine: body.engine,
    wantedName: body.filename,
    ...(body.sha256 === undefined ? {} : { sha256: body.sha256 }),
    title: cleanTitle(body.title ?? body.filename ?? '') || titleOf(body.url),
    ...(cleanTitle(body.title ?? '') === '' ? {} : { listedTitle: cleanTitle(body.title ?? '') }),
    ...(foundOn === null ? {} : { foundOn }),
    engine: null,
    state: 'queued',
    receivedBytes: 0,
    totalBytes: null,
    percent: null,
    attempt: 1,
    failures: 0,
    createdAt: at,
    finishedAt: null,
    dueAt: null,
    file: null,
    error: null,
    history: [[at, 'queued', cause]],
  };
}

/**
 * The newest transitions with one more. An automatic retry that failed at once is not recorded, such as each check
 * of a full disk: hours of them would push out the useful ones.
 */
export function withTransition(history: readonly Transition[], next: Transition): Transition[] {
  const [before, between] = history.slice(-2);
  const [, state, cause] = next;
  const isRetry = between?.[1] === 'queued' && between[2] === 'alarm';
  if (isRetry && before?.[1] === state && before[2] === cause) return history.slice(0, -1);
  return [...history, next].slice(-HISTORY_LENGTH);
}

/**
 * Reads a stored row.
 * @throws SluiceError `store_newer` for an unknown version
 */
export function readRow(stored: unknown): DownloadRow {
  const row = stored as DownloadRow;
  if (row.v !== ROW_VERSION && row.v !== CHECKED_ROW_VERSION) {
    throw new SluiceError(
      'store_newer',
      `Download rows have version ${String(row.v)}; this Sluice knows ${CHECKED_ROW_VERSION}.`,
    );
  }
  return row;
}

/** The title until the engine finds one: the last part of the path, else the host. */
function titleOf(url: string): string {
  const { pathname, host } = new URL(url);
  const last = pathname.split('/').findLast((part) => part !== '') ?? host;
  try {
    return cleanTitle(decodeURIComponent(last)) || host;
  } catch {
    return last;
  }
}
