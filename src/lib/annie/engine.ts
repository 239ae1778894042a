/**
 * What every engine is to the runner: it says what it can take, lists what an address holds, and downloads one
 * stream into a work dir. Engines never choose the final name or place, never touch another dir, and never
 * decide about retries.
 */
import type { FetchedFile } from '../files/fetched-file.ts';
import type { EngineName, EngineStatus, MediaItem, ParseResult } from '../protocol/media.ts';
import type { Sample } from '../protocol/progress.ts';

/** What an address turned out to be, found by one probing request of the built-in engine. */
export type UrlKind =
  /** A media or other file: `contentType` is not HTML and not a manifest. */
  | { kind: 'file'; contentType: string | null; bytes: number | null }
  | { kind: 'manifest'; format: 'hls' | 'dash' }
  | { kind: 'page' };

/**
 * `site`: the engine has code for this very site. `generic`: it can try. `no`: it cannot.
 * Asked without touching the network.
 */
export type Claim = 'site' | 'generic' | 'no';

export interface ParseRequest {
  url: string;
  signal: AbortSignal;
  /** Called with items as soon as they are found, before the whole is known. */
  onItems?: (items: MediaItem[]) => void;
}

export interface EngineJob {
  url: string;
  streamId: string | null;
  /** Exists, is ours alone, and holds what an earlier attempt left: resume from it where that is safe. */
  workDir: string;
  signal: AbortSignal;
  /** As often as the engine likes; the runner keeps the newest. */
  onSample: (sample: Sample) => void;
  /** `finish` = all bytes are there and something is being joined, converted or checked. */
  onPhase: (phase: 'download' | 'finish') => void;
  onInfo: (info: { title?: string; totalBytes?: number | null }) => void;
  /** What the engine printed, as it came; the runner keeps the last 4 kB. */
  onOutput: (text: string) => void;
}

export interface Engine {
  readonly name: EngineName;
  /** Whether it is there, which version, and what to do if not. Cached by the registry. */
  status(): Promise<EngineStatus>;
  claim(url: URL, kind: UrlKind): Promise<Claim>;
  /** @throws SluiceError `no_media`, `unsupported_url`, `engine_*`, `remote_*`, network codes */
  parse(request: ParseRequest): Promise<ParseResult>;
  /**
   * Settles only when nothing of it runs or writes any more, also after an abort (then it rejects with
   * `signal.reason`).
   * @throws SluiceError as parse, and `stream_not_found`, `ffmpeg_missing`, `not_media`, `size_mismatch`, `disk_*`
   */
  download(job: EngineJob): Promise<FetchedFile>;
}
