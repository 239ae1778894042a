/** Values as text in the page's language. */
import { m } from '#lib/paraglide/messages.js';
import type { DownloadState } from '../protocol/download.ts';
import type { DownloadDetail } from '../protocol/download-detail.ts';
import type { ErrorView } from '../protocol/error.ts';
import { toSluiceError } from '../protocol/error.ts';
import {
  type EngineName,
  isProgram,
  type MediaItem,
  type MediaStream,
  PROGRAM_PREFIX,
} from '../protocol/media.ts';
import { ERROR_TEXTS } from './error-texts.ts';
import {
  durationParts,
  formatBytes,
  formatClock,
  formatMoment,
  formatPercent,
  formatSpeed,
  formatTime,
  formatWhen,
} from './format.ts';
import { locale } from './language.svelte.ts';
import type { Filter } from './state/filter.ts';
import type { ListRow } from './state/row.svelte.ts';

const STATES: Record<DownloadState, () => string> = {
  queued: m.state_queued,
  parse: m.state_parse,
  download: m.state_download,
  finish: m.state_finish,
  paused: m.state_paused,
  waiting: m.state_waiting,
  complete: m.state_complete,
  error: m.state_error,
  cancelled: m.state_cancelled,
};
const FILTERS: Record<Filter, () => string> = {
  all: m.filter_all,
  active: m.filter_active,
  waiting: m.filter_waiting,
  done: m.filter_done,
  failed: m.filter_failed,
};
const KINDS: Record<MediaItem['type'], () => string> = {
  video: m.item_kind_video,
  audio: m.item_kind_audio,
  image: m.item_kind_image,
  file: m.item_kind_file,
};

export const stateLabel = (state: DownloadState): string => STATES[state]();
/** With an expected hash, or on a slow disk, `finish` takes seconds: the label says why. */
export function rowStateLabel({ state, detail }: RowState): string {
  switch (detail.kind) {
    case 'awaiting':
      return m.state_awaiting();
    case 'saving':
      return m.state_finish_saving();
    case 'checking':
      return m.state_finish_check();
    default:
      return stateLabel(state);
  }
}
type RowState = Pick<ListRow, 'state' | 'detail'>;
export const filterLabel = (filter: Filter): string => FILTERS[filter]();
export const kindLabel = (kind: MediaItem['type']): string => KINDS[kind]();
export const bytesLabel = (bytes: number): string => formatBytes(bytes, locale());
export function streamSizeLabel({ bytes, estimatedBytes }: MediaStream): string {
  if (bytes !== null) return bytesLabel(bytes);
  return estimatedBytes === undefined ? m.size_unknown() : m.size_about({ size: bytesLabel(estimatedBytes) });
}
export const speedLabel = (bytesPerSecond: number): string => formatSpeed(bytesPerSecond, locale());
export const percentLabel = (percent: number): string => formatPercent(percent, locale());
export const whenLabel = (iso: string): string => formatWhen(iso, new Date(), locale());
export const momentLabel = (iso: string): string => formatMoment(iso, new Date(), locale());
export const clockLabel = (iso: string): string => formatClock(iso, locale());
export const timeLabel = (iso: string): string => formatTime(iso, locale());

/** The built-in engine has a descriptive label, the others their names; a program that of its folder. */
export function engineLabel(engine: EngineName): string {
  if (engine === 'http') return m.engine_http();
  return isProgram(engine) ? engine.slice(PROGRAM_PREFIX.length) : engine;
}

export function durationLabel(seconds: number): string | null {
  const parts = durationParts(seconds);
  switch (parts?.unit) {
    case undefined:
      return null;
    case 'seconds':
      return m.time_seconds(parts);
    case 'minutes-seconds':
      return m.time_minutes_seconds(parts);
    case 'minutes':
      return m.time_minutes(parts);
    case 'hours-minutes':
      return m.time_hours_minutes(parts);
    case 'days-hours':
      return m.time_days_hours(parts);
  }
}

/** `12.3 MB of 100 MB`, or only the received size. */
export function sizeLabel(row: Pick<ListRow, 'receivedBytes' | 'totalBytes'>): string {
  const received = bytesLabel(row.receivedBytes);
  return row.totalBytes === null ? received : m.received_of({ received, total: bytesLabel(row.totalBytes) });
}

/** What is missing of the media on its site; null = nothing. */
export function gapLabel({ gapSeconds }: Pick<ListRow, 'gapSeconds'>): string | null {
  const time = gapSeconds > 0 ? durationLabel(Math.max(1, Math.round(gapSeconds))) : null;
  return time === null ? null : m.gap({ time });
}

/** Which quality is fetched in place of the best; null = the best, or the chosen one. */
export function loweredLabel({ lowered }: Pick<ListRow, 'lowered'>): string | null {
  return lowered === null ? null : m.lowered({ ...lowered });
}

/** null where it is not known, or out of date. */
function timeLeft({ etaSeconds }: Pick<ListRow, 'etaSeconds'>, live: boolean): string | null {
  return etaSeconds === null || !live ? null : durationLabel(etaSeconds);
}

/** @param live as of `progressLabel` */
export function timeLeftLabel(row: Pick<ListRow, 'etaSeconds'>, live: boolean): string | null {
  const time = timeLeft(row, live);
  return time === null ? null : m.time_left({ time });
}

/** A progress bar in words. @param live whether the time left is up to date */
export function progressLabel(
  row: RowState & Pick<ListRow, 'receivedBytes' | 'totalBytes' | 'percent' | 'etaSeconds'>,
  live = true,
): string {
  const received = bytesLabel(row.receivedBytes);
  if (row.state === 'parse' || row.state === 'finish' || row.detail.kind === 'awaiting')
    return rowStateLabel(row);
  if (row.percent === null) return m.progress_text_unknown({ received });
  const percent = percentLabel(row.percent);
  if (row.totalBytes === null) return percent;
  const total = bytesLabel(row.totalBytes);
  const left = timeLeft(row, live);
  if (left === null) return m.progress_text({ percent, received, total });
  return m.progress_text_left({ percent, received, total, left });
}

/** What went wrong and the remedy; the server's sentence for codes without a text. */
export function errorLabel({ code, message }: ErrorView): string {
  return ERROR_TEXTS[code]?.() ?? (message || m.error_unknown());
}

/** Why a queued row waits longer than for its turn; null = it does not. */
export function waitLabel({ detail }: Pick<ListRow, 'detail'>): string | null {
  if (detail.kind === 'host-limit') return m.host_limit({ count: detail.connections });
  return detail.kind === 'gave-way' ? m.gave_way() : null;
}

/** The same of a row: what waits for the network or its server says since when. */
export function rowErrorLabel(error: ErrorView, detail: DownloadDetail): string {
  const time = detail.kind === 'retry' && detail.since !== null ? momentLabel(detail.since) : null;
  if (time !== null && error.code === 'network_down') return m.network_down_since({ time });
  if (time !== null && error.code === 'host_away') return m.host_away_since({ time });
  return errorLabel(error);
}

export function thrownLabel(thrown: unknown): string {
  return errorLabel(toSluiceError(thrown).view);
}
