/**
 * Validates a trace file before it is shown, as it may come from anywhere. Without valibot, which would then be in the
 * bundle of the main page too.
 */
import { DOWNLOAD_STATES } from '../../../protocol/download.ts';
import { INSPECTION_VERSION, OBSERVATION_KINDS, type Trace } from '../../../protocol/inspection.ts';

export type TraceOutcome =
  | { ok: true; trace: Trace }
  | { ok: false; reason: 'not-json' | 'not-a-trace' | 'newer' | 'damaged' | 'too-big' };

/** Recordings are cut at 4 MiB each; with base64 and the log, real traces stay below this. */
export const MAX_TRACE_BYTES = 64 * 1024 * 1024;

export function readTrace(text: string): TraceOutcome {
  if (text.length > MAX_TRACE_BYTES) return { ok: false, reason: 'too-big' };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'not-json' };
  }
  if (!has(json, { format: is('sluice-trace'), v: aNumber })) return { ok: false, reason: 'not-a-trace' };
  if ((json as { v: number }).v > INSPECTION_VERSION) return { ok: false, reason: 'newer' };
  return isTrace(json) ? { ok: true, trace: json as Trace } : { ok: false, reason: 'damaged' };
}

type Check = (value: unknown) => boolean;

const aString: Check = (value) => typeof value === 'string';
const aNumber: Check = (value) => typeof value === 'number';
/** ms since 1970, within the range of Date. */
const aMoment: Check = (value) => typeof value === 'number' && Math.abs(value) <= 8.64e15;
const aTime: Check = (value) => typeof value === 'string' && Number.isFinite(Date.parse(value));
const anything: Check = (value) => value !== undefined;
const is =
  (...known: readonly unknown[]): Check =>
  (value) =>
    known.includes(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const shaped =
  (checks: Record<string, Check>): Check =>
  (value) =>
    has(value, checks);

/** The fields that the page relies on; it works without the others. */
const isTrace: Check = shaped({
  sluice: aString,
  node: aString,
  platform: aString,
  exportedAt: aTime,
  machines: (value) => isObject(value) && Object.values(value).every(aString),
  explanation: shaped({
    download: shaped({
      id: aString,
      title: aString,
      url: aString,
      state: is(...DOWNLOAD_STATES),
      createdAt: aTime,
      attempt: aNumber,
      receivedBytes: aNumber,
      error: orNull(shaped({ code: aString, message: aString })),
      file: orNull(shaped({ name: aString, bytes: aNumber })),
    }),
    session: aString,
    transitions: listOf(shaped({ at: aMoment, state: aString, cause: aString })),
    output: orNull(aString),
    stored: anything,
  }),
  observations: listOf(isObservation),
  recordings: listOf(shaped({ engine: aString, chunks: listOf(shaped({ t: aNumber, data: aString })) })),
});

/** Checks the fields that the log and the chart use, by kind. */
function isObservation(value: unknown): boolean {
  const common = {
    n: aNumber,
    at: aMoment,
    kind: is(...OBSERVATION_KINDS),
    about: aString,
    cause: orNull(aString),
  };
  if (!has(value, common)) return false;
  const { kind } = value as { kind: (typeof OBSERVATION_KINDS)[number] };
  const own: Partial<Record<typeof kind, Record<string, Check>>> = {
    event: { event: aString, data: anything },
    transition: { event: aString, value: aString, took: listOf(aString), changed: isObject },
    action: { action: aString, params: anything },
    command: { command: aString, data: anything },
    news: { news: aString, data: anything },
    process: { pid: aNumber, argv: listOf(aString) },
    output: { bytes: aNumber, text: aString },
    turn: { event: aString, durationMs: aNumber },
    frame: { bytes: aNumber, summary: aString },
  };
  return has(value, own[kind] ?? {});
}

function has(value: unknown, checks: Record<string, Check>): boolean {
  return isObject(value) && Object.entries(checks).every(([key, check]) => check(value[key]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
