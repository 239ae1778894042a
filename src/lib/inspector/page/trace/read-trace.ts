/**
 * Validates a trace file before it is shown, as it may come from anywhere. Without valibot, which would then be in the
 * bundle of the main page too.
 */
import { DOWNLOAD_STATES } from '../../../protocol/download.ts';
import { INSPECTION_VERSION, OBSERVATION_KINDS, type Trace } from '../../../protocol/inspection.ts';

export type ReadTrace =
  | { ok: true; trace: Trace }
  | { ok: false; reason: 'not-json' | 'not-a-trace' | 'newer' | 'damaged' | 'too-big' };

/** Recordings are cut at 4 MiB each; with base64 and the log, real traces stay below this. */
const MAX_TRACE_BYTES = 64 * 1024 * 1024;

export function readTrace(text: string): ReadTrace {
  if (text.length > MAX_TRACE_BYTES) return { ok: false, reason: 'too-big' };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, reason: 'not-json' };
  }
  if (!hasFields(json, { format: oneOf('sluice-trace'), v: isNumber }))
    return { ok: false, reason: 'not-a-trace' };
  if ((json as { v: number }).v > INSPECTION_VERSION) return { ok: false, reason: 'newer' };
  return isTrace(json) ? { ok: true, trace: json as Trace } : { ok: false, reason: 'damaged' };
}

type Check = (value: unknown) => boolean;

const isString: Check = (value) => typeof value === 'string';
const isNumber: Check = (value) => typeof value === 'number';
/** ms since 1970, within the range of Date. */
const isTimestamp: Check = (value) => typeof value === 'number' && Math.abs(value) <= 8.64e15;
const isIsoTime: Check = (value) => typeof value === 'string' && Number.isFinite(Date.parse(value));
const isPresent: Check = (value) => value !== undefined;
const oneOf =
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
const objectWith =
  (checks: Record<string, Check>): Check =>
  (value) =>
    hasFields(value, checks);

/** The fields that the page relies on; it works without the others. */
const isTrace: Check = objectWith({
  sluice: isString,
  node: isString,
  platform: isString,
  exportedAt: isIsoTime,
  machines: (value) => isObject(value) && Object.values(value).every(isString),
  explanation: objectWith({
    download: objectWith({
      id: isString,
      title: isString,
      url: isString,
      state: oneOf(...DOWNLOAD_STATES),
      createdAt: isIsoTime,
      attempt: isNumber,
      receivedBytes: isNumber,
      error: orNull(objectWith({ code: isString, message: isString })),
      file: orNull(objectWith({ name: isString, bytes: isNumber })),
    }),
    session: isString,
    transitions: listOf(objectWith({ at: isTimestamp, state: isString, cause: isString })),
    output: orNull(isString),
    stored: isPresent,
  }),
  observations: listOf(isObservation),
  recordings: listOf(
    objectWith({ engine: isString, chunks: listOf(objectWith({ t: isNumber, data: isString })) }),
  ),
});

/** Checks the fields that the log and the chart use, by kind. */
function isObservation(value: unknown): boolean {
  const common = {
    n: isNumber,
    at: isTimestamp,
    kind: oneOf(...OBSERVATION_KINDS),
    about: isString,
    cause: orNull(isString),
  };
  if (!hasFields(value, common)) return false;
  const { kind } = value as { kind: (typeof OBSERVATION_KINDS)[number] };
  const fieldsByKind: Partial<Record<typeof kind, Record<string, Check>>> = {
    event: { event: isString, data: isPresent },
    transition: { event: isString, value: isString, took: listOf(isString), changed: isObject },
    action: { action: isString, params: isPresent },
    command: { command: isString, data: isPresent },
    news: { news: isString, data: isPresent },
    process: { pid: isNumber, argv: listOf(isString) },
    output: { bytes: isNumber, text: isString },
    turn: { event: isString, durationMs: isNumber },
    frame: { bytes: isNumber, summary: isString },
  };
  return hasFields(value, fieldsByKind[kind] ?? {});
}

function hasFields(value: unknown, checks: Record<string, Check>): boolean {
  return isObject(value) && Object.entries(checks).every(([key, check]) => check(value[key]));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
