/**
 * The port between a session and the runner that works for it. Plain data only: the two may be in one process or
 * on two machines. They reconcile rather than shake hands: the session says what it wants, the runner says what
 * it runs, and either side acts on the difference.
 *
 * `start` is idempotent by download and attempt: what runs goes on; what is stopping starts again once it is
 * gone; what has ended says how once more. Events carry the attempt; a late one of an older attempt is dropped.
 */
import type { ErrorView } from './error.ts';
import type { EngineName, MediaItem, ParseResult } from './media.ts';
import type { Sample } from './progress.ts';

/** A finished file, in the download dir. */
export interface LandedFile {
  /** Its base name. */
  name: string;
  bytes: number;
  /**
   * Tells it from another one that has come under its name since it was moved away: names are given again. Absent for
   * what an earlier version landed. Opaque to all but the runner's side.
   */
  mark?: string;
}

export type MarkedFile = Pick<LandedFile, 'name' | 'mark'>;

export interface JobRef {
  download: string;
  attempt: number;
}

export interface StartJob extends JobRef {
  url: string;
  /** null = the engine's default. */
  streamId: string | null;
  /** null = the registry picks. */
  engine: EngineName | null;
  /** Wanted base name; null = the engine's or the server's own. Made safe by the runner. */
  filename: string | null;
  /** The whole size as an earlier attempt learnt it, for looking for room before the engine does; absent = not known. */
  totalBytes?: number | null;
  /** What the finished file has to hash to, 64 lower-case hex digits; absent = it is not hashed. */
  sha256?: string;
}

export type RunnerCommand =
  | { type: 'parse'; job: string; url: string; engine: EngineName | null }
  | { type: 'abandon-parse'; job: string }
  | ({ type: 'start' } & StartJob)
  /** Ends the job's processes and keeps its bytes. Answered by `stopped`, also when nothing ran. */
  | ({ type: 'stop' } & JobRef)
  /** The outcome is stored: forget the job and remove its work dir. No answer. */
  | { type: 'settle'; download: string }
  /**
   * Ends the job if there is one, removes its work dir and its finished file: the named one, should it still have its
   * `mark`, and one that landed while nobody was told. With `keepFile` a file in the download dir stays. Answered by
   * `discarded`.
   */
  | ({ type: 'discard'; download: string; file: string | null; keepFile?: true } & Pick<MarkedFile, 'mark'>)
  /** Everything this session wants run now. Renews the lease (a job nobody wants ends); answered by `jobs`. */
  | { type: 'want'; jobs: JobRef[] };

export type RunnerPhase = 'parse' | 'download' | 'finish';

export interface RunnerFailure extends ErrorView {
  /** Whether trying again by itself may help. */
  transient: boolean;
  retryAfterMs: number | null;
}

export type RunnerEvent =
  /** Items as they are found; `parse-done` holds all of them again. */
  | { type: 'parse-items'; job: string; engine: EngineName; items: MediaItem[] }
  | { type: 'parse-done'; job: string; result: ParseResult }
  | { type: 'parse-failed'; job: string; error: ErrorView }
  /** The first `phase` says that the runner had a free place and began. */
  | ({
      type: 'phase';
      phase: RunnerPhase;
      engine: EngineName | null;
      title: string | null;
      totalBytes: number | null;
    } & JobRef)
  | ({ type: 'sample'; sample: Sample } & JobRef)
  /**
   * The file is whole and has its name, and its slot is free for another; it is being synced to the disk. Only `done`
   * says that it survives a power cut.
   */
  | ({ type: 'landed' } & JobRef)
  /** `output`: the last 4 kB that the engine printed, for explaining a failure later. */
  | ({ type: 'done'; file: LandedFile; output: string } & JobRef)
  | ({ type: 'failed'; error: RunnerFailure; output: string } & JobRef)
  /** `output`, here and below: as above, when something ran and had printed anything. */
  | ({ type: 'stopped'; output?: string } & JobRef)
  | { type: 'discarded'; download: string; output?: string }
  /** Bytes that were there when the runner started. Answered by `settle` or `discard` for what nobody wants. */
  | { type: 'found'; downloads: string[] }
  | { type: 'jobs'; jobs: JobRef[] };

/** The session's side: fire and forget; answers come back as events. */
export interface RunnerPort {
  send(session: string, command: RunnerCommand): void;
}

/** The runner's side: newest samples are coalesced before they get here, changes of state arrive at once. */
export type RunnerSink = (session: string, events: RunnerEvent[]) => void;
