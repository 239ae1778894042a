import type { FileHandle } from 'node:fs/promises';
import type { Guard } from '../../../guard/guard.server.ts';
import type { EngineJob } from '../../engine.ts';
import type { HttpClient, HttpResponse } from '../client/client.server.ts';
import type { Validators } from '../head/head.ts';
import type { Segment } from './segments.ts';
import type { FastBody } from './socket-body.server.ts';

export interface TransferOptions {
  client: HttpClient;
  guard: Guard;
  url: string;
  /** Has the body. */
  workDir: string;
  handle: FileHandle;
  segments: Segment[];
  totalBytes: number | null;
  validators: Validators;
  /** The server serves ranges. Without a strong validator there is one connection, and bytes at each seam are compared. */
  resumable: boolean;
  ranged: boolean;
  maxConnections: number;
  stallMs: number;
  signal: AbortSignal;
  /** As in `EngineJob`. */
  openExtra?: EngineJob['openExtra'];
  onBytes: (nowMs: number) => void;
  /** Bytes arrived that are on the disk already. */
  onOtherBytes?: (() => void) | undefined;
  /** Awaited before the first byte of a segment is written. @throws SluiceError `disk_*` */
  beforeFirstWrite?: (segment: Segment) => Promise<void>;
  /** A body was too long: its bytes stay in the file, and may be wrong. @throws SluiceError `disk_*` */
  distrustFile?: () => Promise<void>;
}

/** A segment with the connection that delivers it; without one it has to be requested. */
export interface StartedSegment {
  segment: Segment;
  response?: HttpResponse;
  body?: FastBody;
}

/** Of one connection. */
export interface ConnectionRole {
  isExtra: boolean;
  signal: AbortSignal;
  /** Receives what it has handed over, once it has ended. */
  successor: ConnectionRole | null;
  /** Ends this one alone: what it has received is dropped. */
  stop: AbortController;
  /** What it is fetching; null = nothing. */
  segment: Segment | null;
  ended: Promise<void>;
}
