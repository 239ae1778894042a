/** What can happen to a download. */
import type { ErrorView } from '../../protocol/error.ts';
import type { EngineName } from '../../protocol/media.ts';
import type { Sample } from '../../protocol/progress.ts';
import type { LandedFile, RunnerFailure, RunnerPhase } from '../../protocol/runner.ts';

/** Every event names what caused it and when it happened (ms since 1970). */
interface Caused {
  at: number;
  cause: string;
}

export type DownloadEvent = Caused &
  (
    | { type: 'run' }
    | { type: 'pause' }
    | { type: 'resume' }
    | { type: 'cancel' }
    | { type: 'retry' }
    /** The time of a `waiting` download has come. */
    | { type: 'due' }
    | {
        type: 'phase';
        phase: RunnerPhase;
        engine: EngineName | null;
        title: string | null;
        totalBytes: number | null;
      }
    | { type: 'sample'; sample: Sample }
    /** The session's throttle window ended; `sample` is the newest that came in it, if any. */
    | { type: 'tick'; sample: Sample | null }
    /** The file has its name and is being synced: the slot is free. */
    | { type: 'landed' }
    | { type: 'done'; file: LandedFile }
    /** `dueAt`: when to try again, should that be allowed. */
    | { type: 'failed'; error: RunnerFailure; dueAt: number }
    /** Earlier processes were ended over it: it must not go on by itself. */
    | { type: 'setAside'; error: ErrorView }
  );
