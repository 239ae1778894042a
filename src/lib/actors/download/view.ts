import { deriveProgress } from '../../protocol/channel.ts';
import type { DownloadView } from '../../protocol/download.ts';
import type { DownloadContext } from './machine.ts';
import type { DownloadRow } from './row.ts';

/** The view of a stored row with its current speed. */
export function viewOf(
  row: DownloadRow,
  speed: DownloadContext['speed'] = null,
  isSaving = false,
  hostLimit: number | null = null,
  hasGivenWay = false,
): DownloadView {
  const moving = row.state === 'download' ? speed : null;
  const view = {
    id: row.id,
    url: row.url,
    title: row.title,
    engine: row.engine,
    state: row.state,
    receivedBytes: row.receivedBytes,
    totalBytes: row.totalBytes,
    percent: row.percent,
    bytesPerSecond: moving?.bytesPerSecond ?? null,
    etaSeconds: moving?.etaSeconds ?? null,
    attempt: row.attempt,
    createdAt: new Date(row.createdAt).toISOString(),
    finishedAt: row.finishedAt === null ? null : new Date(row.finishedAt).toISOString(),
    file: row.file && { name: row.file.name, bytes: row.file.bytes },
    error: row.error,
    ...savingOf(row, isSaving),
    ...(row.state === 'waiting' && row.dueAt !== null ? { retryAt: new Date(row.dueAt).toISOString() } : {}),
    ...(row.state === 'waiting' && row.away ? { since: new Date(row.away.since).toISOString() } : {}),
    ...limitOf(row, hostLimit),
    ...gaveWayOf(row, hasGivenWay),
    ...(row.gapSeconds ? { gapSeconds: row.gapSeconds } : {}),
    ...(row.lowered === undefined ? {} : { lowered: row.lowered }),
    ...awaitingOf(row),
    ...(row.sha256 === undefined ? {} : { sha256: row.sha256 }),
  };
  return { ...view, ...deriveProgress(view) };
}

/** Once it was so, null says that it is over. */
function awaitingOf({ state, awaitingSince }: DownloadRow): Pick<DownloadView, 'awaitingSince'> {
  if (awaitingSince === undefined) return {};
  const isAwaiting = (state === 'parse' || state === 'download') && awaitingSince !== null;
  return { awaitingSince: isAwaiting ? new Date(awaitingSince).toISOString() : null };
}

/** As for `saving`: it may have begun meanwhile, and wait again. */
function limitOf({ state, attempt }: DownloadRow, hostLimit: number | null): Pick<DownloadView, 'hostLimit'> {
  return state === 'queued' && (hostLimit !== null || attempt > 1) ? { hostLimit } : {};
}

/** As for `saving`: what has given way has begun before. */
function gaveWayOf(row: DownloadRow, hasGivenWay: boolean): Pick<DownloadView, 'gaveWay'> {
  const hasBegun = row.attempt > 1 || row.receivedBytes > 0;
  return row.state === 'queued' && (hasGivenWay || hasBegun) ? { gaveWay: hasGivenWay } : {};
}

/** Changes name what is there, not what has gone: an attempt before this one may have been saving. */
function savingOf({ state, attempt }: DownloadRow, isSaving: boolean): Pick<DownloadView, 'saving'> {
  return state === 'finish' && (isSaving || attempt > 1) ? { saving: isSaving } : {};
}
