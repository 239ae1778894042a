/** What an attempt gets, and how it ends. */
import type { ExtraConnection } from '../annie/engine.ts';
import type { Registry } from '../annie/registry.ts';
import type { DownloadFolder } from '../files/download-folder.server.ts';
import type { Sample } from '../protocol/progress.ts';
import type { AttemptPhase, RecordedFile, RunnerFailure, StartJob } from '../protocol/runner.ts';
import type { RunnerClock } from './clock.ts';
import type { Reachability } from './reachability.ts';
import type { SpaceMonitor } from './space-monitor.ts';

export type AttemptEnd =
  | { how: 'done'; file: RecordedFile; output: string }
  | { how: 'failed'; error: RunnerFailure; thrown: unknown; output: string };

export interface DownloadAttemptOptions {
  /** Owner of the work dir. */
  session: string;
  job: StartJob;
  registry: Pick<Registry, 'choose'>;
  folder: DownloadFolder;
  space: SpaceMonitor;
  reachability: Reachability;
  clock: RunnerClock;
  /** ms without a byte until the attempt fails with `engine_stalled`; Infinity = never. */
  stallMs: number;
  onPhase: (phase: AttemptPhase) => void;
  onSample: (sample: Sample) => void;
  openExtra: () => ExtraConnection | null;
  /** The file has its name and only waits to be synced: nothing of this attempt works any more. */
  onLanded: () => void;
}
