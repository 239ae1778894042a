/**
 * The port between a session and its runner. Plain data only: the two may be in one process or on two machines. They
 * reconcile: the session sends the jobs that it wants, the runner those that it runs, and each acts on the difference.
 *
 * `start` is idempotent by download and attempt: a running job goes on, a stopping one is started again once it has
 * stopped, one that has ended repeats its outcome. Events carry the attempt; those of older attempts are dropped.
 */
import type { LowerQuality } from './download.ts';
import type { ErrorView } from './error.ts';
import type { EngineName, MediaItem, ParseResult } from './media.ts';
import type { ReferrerPolicy } from './referrer-policy.ts';
import type { Sample } from './progress.ts';
import type { Away } from './unreachable.ts';

/** A landed file, as rows and events hold it: it lies in the download dir. */
export interface RecordedFile {
  /** Its base name. */
  name: string;
  bytes: number;
  /**
   * Identifies the file itself: once it is moved away, its name may be given to another. Absent for files of earlier
   * versions. Opaque to all but the runner.
   */
  mark?: string;
}

export type MarkedFile = Pick<RecordedFile, 'name' | 'mark'>;

export interface JobRef {
  download: string;
  attempt: number;
}

/** Where a look-up has found an address: on a page, whose cookies and Referer its download may need. */
export interface FoundOn {
  /** Address of the page. */
  page: string;
  /** As listed; null = the file is called as its server says. */
  title: string | null;
  /** The page sets cookies. They are not kept: the download gets its own. */
  setsCookies: boolean;
  /** What the page lets its requests say of it; absent = the default. */
  referrerPolicy?: ReferrerPolicy;
}

export interface StartJob extends JobRef {
  url: string;
  /** null = the engine's default. */
  streamId: string | null;
  /** null = the registry picks. */
  engine: EngineName | null;
  /** Requested base name; null = the engine's or the server's. Made safe by the runner. */
  filename: string | null;
  /** The title that was shown when it was picked from a list: yt-dlp and lux name the file by it. Absent = none. */
  title?: string;
  /** As a look-up of the session by the built-in engine has found it before it was added; absent = none has. */
  foundOn?: FoundOn;
  /** The total size known from an earlier attempt, to check for disk space before the engine starts; absent = not known. */
  totalBytes?: number | null;
  /** The expected hash of the finished file, 64 lower-case hex digits; absent = it is not hashed. */
  sha256?: string;
  /** Slots are shared by owner, then by session; absent = not known. Opaque to the runner. */
  owner?: string;
  /** Of the owner, over all their sessions; absent = none. */
  limits?: OwnerLimits;
}

export interface OwnerLimits {
  /** Downloads at a time. */
  slots?: number;
  /** On the disk. */
  bytes?: number;
}

export type RunnerCommand =
  | { type: 'parse'; job: string; url: string; engine: EngineName | null; cursor?: string; owner?: string }
  | { type: 'abandon-parse'; job: string }
  | ({ type: 'start' } & StartJob)
  /** Ends the job's processes and keeps its bytes. Answered with `stopped`, also when nothing ran. */
  | ({ type: 'stop' } & JobRef)
  /** The outcome is stored: forget the job and remove its work dir. No answer. */
  | { type: 'settle'; download: string }
  /**
   * Ends the job, if any, and removes its work dir and its finished file: the named one if its `mark` still matches, and
   * one whose `done` was never delivered. With `keepFile` a file in the download dir stays. Answered with `discarded`, or
   * with `not-discarded` while the download dir cannot be written.
   */
  | ({ type: 'discard'; download: string; file: string | null; keepFile?: true } & Pick<MarkedFile, 'mark'>)
  /** The work dir belongs to no stored download: it is kept for 30 days under another name. No answer. */
  | { type: 'set-aside'; download: string }
  /** All jobs that this session wants. Renews their lease (a job without one ends). Answered with `jobs`. */
  | { type: 'want'; jobs: JobRef[] };

export type RunnerPhase = 'parse' | 'download' | 'finish';

export interface AttemptPhase {
  phase: RunnerPhase;
  engine: EngineName | null;
  title: string | null;
  totalBytes: number | null;
  /** Of the media, what its site says is not there, in s; absent = nothing is known to be missing. */
  gapSeconds?: number;
  /** See `DownloadView`; absent = as said before, and at first not. */
  lowered?: LowerQuality | null;
  /** The server has not sent the first byte of the file for some seconds; absent = that was never so. */
  isAwaiting?: boolean;
}

export interface RunnerFailure extends ErrorView {
  /** Whether an automatic retry may help. */
  transient: boolean;
  retryAfterMs: number | null;
  /** Of `network_down`, `host_away` and `network_login`. */
  away?: Away;
}

export type RunnerEvent =
  /** Items as they are found; `parse-done` holds all of them again. */
  | { type: 'parse-items'; job: string; engine: EngineName; items: MediaItem[] }
  /** The look-up waits, or no longer waits, for a server that takes long to begin. */
  | { type: 'parse-waiting'; job: string; isWaiting: boolean }
  | { type: 'parse-done'; job: string; result: ParseResult }
  | { type: 'parse-failed'; job: string; error: ErrorView }
  /** The first `phase` of an attempt: it got a slot and began. */
  | ({ type: 'phase' } & AttemptPhase & JobRef)
  | ({ type: 'sample'; sample: Sample } & JobRef)
  /**
   * The file is whole and has its name, and its slot is free for another; it is being synced to the disk. Only `done`
   * says that it survives a power cut.
   */
  | ({ type: 'landed' } & JobRef)
  /**
   * It waits in the runner's queue, as its server takes no more than so many connections at a time; it begins, with its first
   * `phase`, when one is free. Also for an attempt that had begun: nothing of it counts.
   */
  | ({ type: 'limited'; connections: number } & JobRef)
  /**
   * It has become so slow that it is going to give its slot to another that waits, also of its own session; or it is so no more,
   * which is not said of one that gives way or ends.
   */
  | ({ type: 'slow'; isSlow: boolean } & JobRef)
  /**
   * It was so slow that it gave its slot to one that waited. It keeps its bytes, waits in the runner's queue behind the others,
   * and begins again with its first `phase`.
   */
  | ({ type: 'gave-way' } & JobRef)
  /** `output`: the last 4 kB of engine output, to explain a failure later. */
  | ({ type: 'done'; file: RecordedFile; output: string } & JobRef)
  | ({ type: 'failed'; error: RunnerFailure; output: string } & JobRef)
  /** `output`, here and below: as above, absent when nothing was printed. */
  | ({ type: 'stopped'; output?: string } & JobRef)
  | { type: 'discarded'; download: string; output?: string }
  /** The download dir is not in order: something may be left, to be discarded again later. */
  | { type: 'not-discarded'; download: string; output?: string }
  /** Downloads with bytes on disk when the runner started. The session answers `settle`, `discard` or `set-aside` for unwanted ones. */
  | { type: 'found'; downloads: string[] }
  | { type: 'jobs'; jobs: JobRef[] }
  /** What was refused with `host_away` for this host may go on; null = with `network_down`, and all that was. */
  | { type: 'reachable'; host: string | null };

/** The session's side. Does not wait: answers arrive as events. */
export interface RunnerPort {
  send(session: string, command: RunnerCommand): void;
}

/** The runner's side. Samples are coalesced before; other events arrive at once. */
export type RunnerSink = (session: string, events: RunnerEvent[]) => void;
