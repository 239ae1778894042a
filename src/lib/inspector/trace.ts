/** Builds a trace file: everything about one download, as far as it was recorded. */
import {
  INSPECTION_VERSION,
  type Explanation,
  type Trace,
  type TraceRecording,
} from '../protocol/inspection.ts';
import { Describer } from './describe.ts';
import type { Hub } from './hub.ts';
import { involves, maySee } from './reader.ts';

interface TraceSources {
  hub: Hub;
  /** The version of Sluice. */
  version: string;
  machines: Record<string, string>;
  recordings: TraceRecording[];
  platform: string;
  node: string;
}

export function buildTrace(
  explanation: Explanation,
  { hub, version, machines, recordings, platform, node }: TraceSources,
): Trace {
  const { session, download } = explanation;
  const describer = new Describer();
  const observations = [...hub.since(0)]
    .filter((record) => maySee(record, session) && involves(record, `download:${download.id}`))
    .map((record) => describer.describe(record, session));
  return {
    format: 'sluice-trace',
    v: INSPECTION_VERSION,
    sluice: version,
    node,
    platform,
    exportedAt: new Date().toISOString(),
    machines,
    explanation,
    observations,
    recordings,
  };
}
