/** Rebuilds a download's view, as the page got it, from its machine's context at a past moment. */
import { deriveProgress } from '../../../protocol/channel.ts';
import { DOWNLOAD_STATES, type DownloadState, type DownloadView } from '../../../protocol/download.ts';
import { isEngineName } from '../../../protocol/media.ts';
import type { Json } from '../../../protocol/inspection.ts';
import { type JsonObject, objectOf } from './moments.ts';

/** null when the context is not that of a download. */
export function pastView(context: JsonObject | null): DownloadView | null {
  const row = objectOf(context?.['row']);
  const state = downloadState(row['state']);
  const { id, url, title } = row;
  if (state === null || typeof id !== 'string' || typeof url !== 'string') return null;
  const speed = state === 'download' ? objectOf(context?.['speed']) : {};
  const file = objectOf(row['file']);
  const error = objectOf(row['error']);
  const view: DownloadView = {
    id,
    url,
    title: typeof title === 'string' ? title : url,
    engine: isEngineName(row['engine']) ? row['engine'] : null,
    state,
    receivedBytes: numberOrNull(row['receivedBytes']) ?? 0,
    totalBytes: numberOrNull(row['totalBytes']),
    percent: numberOrNull(row['percent']),
    bytesPerSecond: numberOrNull(speed['bytesPerSecond']),
    etaSeconds: numberOrNull(speed['etaSeconds']),
    attempt: numberOrNull(row['attempt']) ?? 1,
    createdAt: isoTimeOrNull(row['createdAt']) ?? new Date(0).toISOString(),
    finishedAt: isoTimeOrNull(row['finishedAt']),
    file:
      typeof file['name'] === 'string'
        ? { name: file['name'], bytes: numberOrNull(file['bytes']) ?? 0 }
        : null,
    error:
      typeof error['code'] === 'string'
        ? { code: error['code'] as never, message: stringOrEmpty(error['message']) }
        : null,
  };
  return { ...view, ...deriveProgress(view) };
}

/** The download state that a dot path begins with; null when there is none. */
export function downloadState(value: Json | undefined): DownloadState | null {
  if (typeof value !== 'string') return null;
  const [first] = value.split('.');
  return DOWNLOAD_STATES.find((state) => state === first) ?? null;
}

const numberOrNull = (value: Json | undefined): number | null => (typeof value === 'number' ? value : null);
const stringOrEmpty = (value: Json | undefined): string => (typeof value === 'string' ? value : '');

function isoTimeOrNull(value: Json | undefined): string | null {
  return typeof value === 'number' ? new Date(value).toISOString() : null;
}
