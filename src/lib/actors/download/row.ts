/**
 * A download as it is stored. Rows, not XState snapshots, are what outlives a process: they are versioned, they
 * can be read by people, and none of a snapshot's traps are in them (docs/adr/002-rows-not-snapshots.md).
 */
import { cleanTitle } from '../../protocol/title.ts';
import type { CommandFields } from '../../protocol/commands.ts';
import type { DownloadState } from '../../protocol/download.ts';
import { type ErrorView, SluiceError } from '../../protocol/error.ts';
import type { EngineName } from '../../protocol/media.ts';
import type { LandedFile } from '../../protocol/runner.ts';

/** Raised whenever an older Sluice could misread a row. */
export const ROW_VERSION = 1;
/** Of a row with `sha256`: a Sluice that does not know the field would call a file complete that nobody checked. */
const CHECKED_ROW_VERSION = 2;

/** The newest transitions of a download are kept in its row, so that a failure can be explained later. */
export const HISTORY_LENGTH = 32;

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
  /** Place in the session's order: one more for each add. Listings are newest first, the queue oldest first. */
  n: number;
  url: string;
  streamId: string | null;
  /** What was asked for; null = the registry picks. */
  wantedEngine: EngineName | null;
  wantedName: string | null;
  /** What the finished file has to hash to; absent = it is not hashed. */
  sha256?: string;
  title: string;
  /** What was used. */
  engine: EngineName | null;
  state: DownloadState;
  receivedBytes: number;
  totalBytes: number | null;
  /** 0–100 as the engine said, for downloads without a known total. */
  percent: number | null;
  attempt: number;
  /** Transient failures since it last got further than ever: sets the backoff. */
  failures: number;
  /** Most bytes that any attempt before this one had; absent = none. */
  furthestBytes?: number;
  /** ms since 1970. */
  createdAt: number;
  finishedAt: number | null;
  /** When a `waiting` download tries again, ms since 1970. */
  dueAt: number | null;
  /** What it waits for, if that is the network or a host; absent or null = neither. */
  away?: RowAway | null;
  file: LandedFile | null;
  error: ErrorView | null;
  history: Transition[];
}

export function newRow(
  id: string,
  n: number,
  body: CommandFields<'add'>,
  at: number,
  cause: string,
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
 * The newest transitions with one more. A try by itself that came to nothing at once leaves no trace, like each look
 * at a full disk: hours of them would push out what explains the rest.
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
 * @throws SluiceError `store_newer` for a version this Sluice does not know: never guessed
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

/** A title until the engine knows a better one: the last part of the path, else the host. */
function titleOf(url: string): string {
  const { pathname, host } = new URL(url);
  const last = pathname.split('/').findLast((part) => part !== '') ?? host;
  try {
    return cleanTitle(decodeURIComponent(last)) || host;
  } catch {
    return last;
  }
}
