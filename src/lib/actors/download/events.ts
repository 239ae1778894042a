/** The events of a download. */
import type { ErrorView } from '../../protocol/error.ts';
import type { Sample } from '../../protocol/progress.ts';
import type { AttemptPhase, RecordedFile, RunnerFailure } from '../../protocol/runner.ts';

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
    /** A `waiting` download is due. */
    | { type: 'due' }
    | ({ type: 'phase' } & AttemptPhase)
    /** It waits in the runner: its host takes no more than so many connections at a time. */
    | { type: 'limited'; connections: number }
    /** Whether it runs so slowly that it is going to let others go first. */
    | { type: 'slow'; isSlow: boolean }
    /** It was too slow: it has given its slot to another, and waits in the runner. */
    | { type: 'giveWay' }
    | { type: 'sample'; sample: Sample }
    /** The session's throttle interval ended; `sample` is the newest in it, if any. */
    | { type: 'tick'; sample: Sample | null }
    /** The file has its name and is being synced: the slot is free. */
    | { type: 'landed' }
    | { type: 'done'; file: RecordedFile }
    /** `dueAt`: when to retry, if that is allowed. */
    | { type: 'failed'; error: RunnerFailure; dueAt: number }
    /** It blocked earlier processes (watchdog): it must not go on by itself. */
    | { type: 'setAside'; error: ErrorView }
  );
