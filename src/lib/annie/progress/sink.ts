/** What a parser tells, and to whom. */
import type { ItemHeader } from './item-header.ts';

export type Phase = 'extracting' | 'downloading' | 'merging' | 'post-processing' | 'processing';

export type ProgressEvent =
  /** Only changes: `extracting` is where every run begins. */
  | { type: 'phase'; phase: Phase }
  /** `type: 'item'`, with site, title, kind and streams: lux and annie name what they found. */
  | ItemHeader
  | { type: 'error'; message: string }
  /** yt-dlp begins a file: what follows runs from 0 to 100 again. */
  | { type: 'part'; destination: string }
  | { type: 'playlist'; index: number; of: number }
  | { type: 'postprocessor'; name: string }
  | { type: 'resuming'; byte: number }
  | { type: 'retry'; message: string }
  /** The file was there already, or is not wanted: nothing is fetched. */
  | { type: 'skipped' }
  /** ffmpeg: how long its input plays. */
  | { type: 'duration'; seconds: number };

export interface ProgressSink {
  /** `values` (see sample.ts) is the parser's own array: read it now, it is written again for the next record. */
  sample(fd: 1 | 2, values: Float64Array): void;
  event(event: ProgressEvent): void;
}

/** The bytes of one fd. */
export interface ByteStream {
  /** The chunk is not kept: it may be written again once this returns. */
  push(chunk: Uint8Array): void;
  end(): void;
}
