/** What a parser reports. */
import type { ItemHeader } from './item-header.ts';
import type { ProgressRecord } from './sample.ts';

export type Phase = 'extracting' | 'downloading' | 'merging' | 'post-processing' | 'processing';

export type ProgressEvent =
  /** Only changes: `extracting` is where every run begins. */
  | { type: 'phase'; phase: Phase }
  /** `type: 'item'`: lux and annie name what they found. */
  | ItemHeader
  | { type: 'error'; message: string }
  /** yt-dlp begins a file: what follows runs from 0 to 100 again. */
  | { type: 'part'; destination: string }
  /** yt-dlp goes on with the next part at this byte. */
  | { type: 'resuming'; byte: number }
  /** The file was there already, or is not wanted: nothing is fetched. */
  | { type: 'skipped' };

export interface ProgressSink {
  /** The parser overwrites `record` for the next one: read it before you return. */
  sample(fd: 1 | 2, record: ProgressRecord): void;
  event(event: ProgressEvent): void;
}

/** The bytes of one fd. */
export interface ByteStream {
  /** The chunk is not kept: the caller may overwrite it once this returns. */
  push(chunk: Uint8Array): void;
  end(): void;
}
