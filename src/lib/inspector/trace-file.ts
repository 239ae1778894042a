/** Parses and validates trace files, which come from bug reports and are not trusted. */
import * as v from 'valibot';
import { SluiceError } from '../protocol/error.ts';
import { INSPECTION_VERSION, OBSERVATION_KINDS, type Trace } from '../protocol/inspection.ts';

const ObservationFields = {
  n: v.number(),
  at: v.number(),
  about: v.string(),
  session: v.nullable(v.string()),
  cause: v.nullable(v.string()),
};
const text = v.string();
const nullableText = v.nullable(v.string());
const nullableNumber = v.nullable(v.number());
const count = v.pipe(v.number(), v.minValue(0));
const Data = v.unknown();

/** Fields of each kind; unknown further fields are kept. */
const FIELDS_BY_KIND = {
  event: { from: nullableText, event: text, data: Data },
  transition: {
    machine: text,
    event: text,
    value: text,
    took: v.array(text),
    changed: v.record(v.string(), Data),
  },
  action: { action: text, params: Data },
  spawn: { machine: text, value: text },
  stop: { reason: text },
  turn: { from: nullableText, event: text, outcome: text, durationMs: count, waiting: count },
  life: { what: text, error: nullableText },
  alarm: { what: text, retries: count, lateMs: v.number() },
  commit: { outcome: text, actors: count, writes: nullableNumber, durationMs: count },
  socket: { what: text, code: nullableNumber },
  frame: { direction: text, bytes: count, summary: text },
  command: { command: text, data: Data },
  news: { news: text, phase: nullableText, data: Data },
  process: {
    what: text,
    pid: v.number(),
    argv: v.array(text),
    exitCode: nullableNumber,
    signal: nullableText,
    durationMs: nullableNumber,
  },
  output: { fd: v.picklist([1, 2]), bytes: count, text },
} satisfies Record<(typeof OBSERVATION_KINDS)[number], v.ObjectEntries>;

const Observation = v.variant(
  'kind',
  OBSERVATION_KINDS.map((kind) =>
    v.looseObject({ kind: v.literal(kind), ...ObservationFields, ...FIELDS_BY_KIND[kind] }),
  ) as never,
);

const Download = v.looseObject({ id: text, url: text, title: text, state: text, attempt: v.number() });

const TraceFile = v.looseObject({
  format: v.literal('sluice-trace'),
  v: v.literal(INSPECTION_VERSION),
  sluice: text,
  node: text,
  platform: text,
  exportedAt: v.pipe(v.string(), v.isoTimestamp()),
  machines: v.record(v.string(), v.string()),
  explanation: v.looseObject({
    download: Download,
    session: text,
    transitions: v.array(v.object({ at: v.number(), state: text, cause: text })),
    output: nullableText,
    stored: Data,
  }),
  observations: v.array(Observation),
  recordings: v.array(
    v.object({
      engine: text,
      header: v.object({
        engine: text,
        version: nullableText,
        argv: v.array(text),
        mode: v.literal('pipe'),
        exitCode: nullableNumber,
        signal: nullableText,
        endMs: nullableNumber,
      }),
      chunks: v.array(
        v.object({ t: v.number(), fd: v.picklist([1, 2]), data: v.pipe(v.string(), v.base64()) }),
      ),
      cut: v.boolean(),
    }),
  ),
});

/**
 * @throws SluiceError `trace_newer` for an unknown version, `invalid_trace` for anything else, naming the first fault
 */
export function parseTrace(file: string): Trace {
  let json: unknown;
  try {
    json = JSON.parse(file);
  } catch {
    throw new SluiceError('invalid_trace', 'The file is not JSON: it was cut off, or is no trace.');
  }
  const { format, v: version } = (json ?? {}) as { format?: unknown; v?: unknown };
  if (format !== 'sluice-trace') throw new SluiceError('invalid_trace', 'The file is JSON, but no trace.');
  if (typeof version === 'number' && version > INSPECTION_VERSION) {
    throw new SluiceError(
      'trace_newer',
      `The trace has version ${version}; this Sluice reads up to ${INSPECTION_VERSION}.`,
    );
  }
  const result = v.safeParse(TraceFile, json);
  if (result.success) return result.output as unknown as Trace;
  const [issue] = result.issues;
  throw new SluiceError(
    'invalid_trace',
    `The trace is damaged: ${v.getDotPath(issue) ?? 'it'}: ${issue.message}`,
  );
}
