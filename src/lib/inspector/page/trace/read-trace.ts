/** A trace file, checked before anything of it is shown: it may come from anywhere. */
import * as v from 'valibot';
import { INSPECTION_VERSION, OBSERVATION_KINDS, type Trace } from '../../../protocol/inspection.ts';

export type TraceOutcome =
  | { ok: true; trace: Trace }
  | { ok: false; why: 'not-json' | 'not-a-trace' | 'newer' | 'damaged' | 'too-big' };

/** A recording is cut at 4 MiB, and base64 and the log come to less than the rest of this. */
export const MAX_TRACE_BYTES = 64 * 1024 * 1024;

const Head = v.object({ format: v.literal('sluice-trace'), v: v.number() });

const Observed = v.looseObject({
  n: v.number(),
  at: v.number(),
  kind: v.picklist(OBSERVATION_KINDS),
  about: v.string(),
  cause: v.nullable(v.string()),
});

const Body = v.looseObject({
  sluice: v.string(),
  node: v.string(),
  platform: v.string(),
  exportedAt: v.pipe(v.string(), v.isoTimestamp()),
  machines: v.record(v.string(), v.string()),
  explanation: v.looseObject({
    download: v.looseObject({ id: v.string(), title: v.string(), url: v.string(), state: v.string() }),
    session: v.string(),
    transitions: v.array(v.object({ at: v.number(), state: v.string(), cause: v.string() })),
    output: v.nullable(v.string()),
  }),
  observations: v.array(Observed),
  recordings: v.array(
    v.looseObject({
      engine: v.string(),
      chunks: v.array(v.looseObject({ t: v.number(), data: v.string() })),
    }),
  ),
});

export function readTrace(text: string): TraceOutcome {
  if (text.length > MAX_TRACE_BYTES) return { ok: false, why: 'too-big' };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { ok: false, why: 'not-json' };
  }
  if (!v.is(Head, json)) return { ok: false, why: 'not-a-trace' };
  if (json.v > INSPECTION_VERSION) return { ok: false, why: 'newer' };
  if (!v.is(Body, json)) return { ok: false, why: 'damaged' };
  return { ok: true, trace: json as unknown as Trace };
}
