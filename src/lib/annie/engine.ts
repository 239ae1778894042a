/**
 * The port to engines. An engine says which addresses it supports, lists the media at one, and downloads one stream into a work dir. It
 * never chooses the final name or place, never touches another dir, and leaves retries of the download to the runner.
 */
import type { LowerQuality } from '../protocol/download.ts';
import type { FetchedFile } from '../files/fetched-file.ts';
import type { EngineName, EngineStatus, MediaItem, ParseResult } from '../protocol/media.ts';
import type { Sample } from '../protocol/progress.ts';
import type { FoundOn } from '../protocol/runner.ts';

/** What is at an address, according to one probing request of the built-in engine. */
export type UrlKind =
  /** A media or other file: `contentType` is not HTML and not a manifest. */
  | { kind: 'file'; contentType: string | null; bytes: number | null }
  | { kind: 'manifest'; format: 'hls' | 'dash' }
  | { kind: 'page' };

/**
 * `site`: the engine has code for this site. `generic`: it can try. `no`: it cannot. Found without touching the network.
 */
export type UrlSupport = 'site' | 'generic' | 'no';

/** What is reported of a request while its answer is not there, or not whole. */
export interface RequestReports {
  /** Something of the answer arrived. */
  onBytes?: (() => void) | undefined;
  /** The engine waits for a server that may take long to begin, and limits that itself; false = not any more. */
  onWaiting?: ((isWaiting: boolean) => void) | undefined;
}

export interface ParseRequest extends Pick<RequestReports, 'onWaiting'> {
  url: string;
  signal: AbortSignal;
  /** The `next` of an earlier result of this engine; absent = the first page. */
  cursor?: string;
  /** Called with items as soon as they are found, before the result. */
  onItems?: (items: MediaItem[]) => void;
}

/** A connection to the job's host beyond the first. */
export interface ExtraConnection {
  /** Aborted when another download is to have it. */
  signal: AbortSignal;
  /** The server refused it as one too many; closes it too. */
  refused(): void;
  /** Idempotent. */
  close(): void;
}

export interface EngineInfo {
  title?: string;
  totalBytes?: number | null;
  /** Of the media, what its site says is not there. */
  gapSeconds?: number;
  /** Nobody chose a quality, and this one is fetched as the best cannot be had; null = the best is. */
  lowered?: LowerQuality | null;
  /** Whether a later attempt goes on from the bytes of this one; absent = as said before, and at first not. */
  resumes?: boolean;
}

export interface EngineJob extends Pick<RequestReports, 'onWaiting'> {
  url: string;
  streamId: string | null;
  /** The title that was shown when it was picked from a list, which may be another than its own page's; absent = none. */
  title?: string;
  /** The page on which it was listed, as `StartJob`. */
  foundOn?: FoundOn;
  /** Exists, belongs to this job alone, and holds what an earlier attempt left: resume from it where that is safe. */
  workDir: string;
  signal: AbortSignal;
  /** Asks for a connection to the host of `url` beyond the first; null = it takes no more. Absent = as many as one likes. */
  openExtra?: () => ExtraConnection | null;
  /** At any rate; the runner keeps the newest. */
  onSample: (sample: Sample) => void;
  /** Bytes arrived that no sample shows, as they are inspected first. */
  onBytes?: () => void;
  /** `finish` = all bytes are fetched, and something is being joined, converted or checked. */
  onPhase: (phase: 'download' | 'finish') => void;
  onInfo: (info: EngineInfo) => void;
  /** The engine's output; the runner keeps the last 4 kB. */
  onOutput: (text: string) => void;
}

export interface Engine {
  readonly name: EngineName;
  /** Whether it is installed, which version, and what to do if not. Cached by the registry. */
  status(): Promise<EngineStatus>;
  supports(url: URL, kind: UrlKind): Promise<UrlSupport>;
  /** Whether an earlier attempt of this engine has begun the download in this work dir; absent = it cannot know. */
  hasBegun?(workDir: string): Promise<boolean>;
  /** Nobody of this session is there any more: what is kept for its next job is dropped. */
  dropSession?(session: string): void;
  /** @throws SluiceError `no_media`, `unsupported_url`, `engine_*`, `remote_*`, network codes */
  parse(request: ParseRequest): Promise<ParseResult>;
  /**
   * Settles only when nothing of it runs or writes any more, also after an abort (then it rejects with `signal.reason`).
   * @throws SluiceError as parse, and `stream_not_found`, `ffmpeg_missing`, `not_media`, `size_mismatch`, `disk_*`
   */
  download(job: EngineJob): Promise<FetchedFile>;
}
