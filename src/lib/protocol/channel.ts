/**
 * The ws protocol `sluice.v1`: one socket feeds a page everything it shows and carries its commands.
 * The server may send a snapshot at any time; between snapshots every update has a seq one higher.
 */
import * as v from 'valibot';
import { type CommandMessage, parseJson, readCommandMessage, validate } from './commands.ts';
import type { DownloadView, Totals } from './download.ts';
import type { ErrorView } from './error.ts';
import type { EngineName, MediaItem } from './media.ts';

export const SUBPROTOCOL = 'sluice.v1';

/** Larger incoming messages are refused with close code 1009. */
export const MAX_MESSAGE_BYTES = 64 * 1024;

export const CLOSE = {
  /** A message that is not in this protocol. */
  policy: 1008,
  tooBig: 1009,
  /** The server restarts: reconnect. */
  restart: 1012,
  busy: 1013,
  sessionGone: 4001,
  /** The reader fell more than 1 MiB behind. */
  tooSlow: 4008,
} as const;

const Hello = v.strictObject({
  type: v.literal('hello'),
  epoch: v.optional(v.pipe(v.string(), v.maxLength(64))),
  seq: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
});
export type Hello = v.InferOutput<typeof Hello>;

export type ClientMessage = Hello | CommandMessage;

/**
 * A row that is new (whole), changed (`id` and what changed), or gone. `percent` and `etaSeconds` follow from the
 * bytes (`deriveProgress`), so a changed row carries them only where no total is known and the engine reports them.
 */
export type Change =
  DownloadView | (Pick<DownloadView, 'id'> & Partial<DownloadView>) | { id: string; deleted: true };

export interface Snapshot {
  type: 'snapshot';
  epoch: string;
  seq: number;
  /** The newest rows only, under 20 kB; older ones page in over `GET /api/downloads`. */
  downloads: DownloadView[];
  /** Passed to `GET /api/downloads?cursor=` for the rows that did not fit; null = this is all. */
  next: string | null;
  totals: Totals;
}

export interface Update {
  type: 'update';
  seq: number;
  changes: Change[];
  /** Only when a count changed. */
  totals?: Totals;
}

export type ServerMessage =
  | Snapshot
  | Update
  | { type: 'ack'; id: string; result: unknown }
  | { type: 'reject'; id: string; error: ErrorView }
  /** Items of a running parse command, as they are found; its ack holds all of them again. */
  | { type: 'items'; id: string; engine: EngineName; items: MediaItem[] }
  /** A running parse command waits for a server that takes long to begin, or does not any more. */
  | { type: 'waiting'; id: string; isWaiting: boolean };

/**
 * @throws SluiceError `invalid_json` or `invalid_request`
 */
export function parseClientMessage(text: string): ClientMessage {
  const json = parseJson(text);
  const type = typeof json === 'object' && json !== null && 'type' in json ? json.type : null;
  return type === 'hello' ? validate(Hello, json) : readCommandMessage(json);
}

type ProgressFields<F extends keyof DownloadView> = Pick<
  DownloadView,
  'state' | 'receivedBytes' | 'totalBytes' | F
>;

/**
 * Percent (0–100) and time left (s) of a row. With a total they follow from the bytes; without one they are what
 * the engine reports (an HLS stream counts its fragments), or null.
 */
export function deriveProgress(row: ProgressFields<'percent' | 'etaSeconds' | 'bytesPerSecond'>): {
  percent: number | null;
  etaSeconds: number | null;
} {
  return { percent: percentOf(row), etaSeconds: secondsLeft(row) };
}

export function percentOf({
  state,
  receivedBytes,
  totalBytes,
  percent,
}: ProgressFields<'percent'>): number | null {
  if (state === 'complete') return 100;
  if (totalBytes !== null && totalBytes > 0) return tenths((receivedBytes / totalBytes) * 100);
  return percent === null ? null : tenths(percent);
}

function secondsLeft(row: ProgressFields<'etaSeconds' | 'bytesPerSecond'>): number | null {
  const { state, receivedBytes, totalBytes, bytesPerSecond } = row;
  if (state !== 'download') return null;
  if (totalBytes === null || totalBytes <= 0) return row.etaSeconds;
  if (bytesPerSecond === null || bytesPerSecond <= 0) return null;
  return Math.max(0, Math.ceil((totalBytes - receivedBytes) / bytesPerSecond));
}

/** Floored to one decimal: 99.96 % must not be shown as 100.0 %. */
function tenths(percent: number): number {
  return Math.min(100, Math.floor(percent * 10) / 10);
}
