/** The page's row as it was: a download's stored fields and what moved of it, at one moment, as the page was told. */
import { deriveProgress } from '../../../protocol/channel.ts';
import { DOWNLOAD_STATES, type DownloadState, type DownloadView } from '../../../protocol/download.ts';
import { ENGINE_NAMES } from '../../../protocol/media.ts';
import type { Json } from '../../../protocol/inspection.ts';
import { type JsonObject, objectOf } from './moments.ts';

/** Null where the context is not that of a download. */
export function pastView(context: JsonObject | null): DownloadView | null {
  const row = objectOf(context?.['row']);
  const state = stateOf(row['state']);
  const { id, url, title } = row;
  if (state === null || typeof id !== 'string' || typeof url !== 'string') return null;
  const speed = state === 'download' ? objectOf(context?.['speed']) : {};
  const file = objectOf(row['file']);
  const error = objectOf(row['error']);
  const view: DownloadView = {
    id,
    url,
    title: typeof title === 'string' ? title : url,
    engine: ENGINE_NAMES.find((name) => name === row['engine']) ?? null,
    state,
    receivedBytes: numberOf(row['receivedBytes']) ?? 0,
    totalBytes: numberOf(row['totalBytes']),
    percent: numberOf(row['percent']),
    bytesPerSecond: numberOf(speed['bytesPerSecond']),
    etaSeconds: numberOf(speed['etaSeconds']),
    attempt: numberOf(row['attempt']) ?? 1,
    createdAt: timeOf(row['createdAt']) ?? new Date(0).toISOString(),
    finishedAt: timeOf(row['finishedAt']),
    file:
      typeof file['name'] === 'string' ? { name: file['name'], bytes: numberOf(file['bytes']) ?? 0 } : null,
    error:
      typeof error['code'] === 'string'
        ? { code: error['code'] as never, message: textOf(error['message']) }
        : null,
  };
  return { ...view, ...deriveProgress(view) };
}

/** The row's state of a dot path: its first part, where that is one. */
export function stateOf(value: Json | undefined): DownloadState | null {
  if (typeof value !== 'string') return null;
  const [first] = value.split('.');
  return DOWNLOAD_STATES.find((state) => state === first) ?? null;
}

const numberOf = (value: Json | undefined): number | null => (typeof value === 'number' ? value : null);
const textOf = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

function timeOf(value: Json | undefined): string | null {
  return typeof value === 'number' ? new Date(value).toISOString() : null;
}
