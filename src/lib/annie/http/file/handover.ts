/**
 * Hands the rest of a large file over to the fast path while the HTTP client's response, the first and perhaps the only one
 * that the server gives, is being received: that one is left only when the other delivers.
 */
import type { FastBody } from './socket-body.server.ts';
import { isDone, missingBytes, newSegment, type Segment } from './segments.ts';

/** Below this the extra connection costs more than it saves. */
export const FAST_FROM_BYTES = 8 * 1024 * 1024;
/** What the first connection is to receive until the second one has its head: at 1 GB/s, in one round trip over loopback. */
const LEAD_BYTES = 1024 * 1024;
const MAX_TRIES = 3;

interface HandoverOptions {
  /** Of the file. */
  segments: Segment[];
  /** That the first connection receives. */
  segment: Segment;
  /** The fast path for the bytes of a segment; null = the server is not fit for it. */
  open: (rest: Segment, signal: AbortSignal) => Promise<FastBody | null>;
  /** `rest` was split off. */
  onTaken: (rest: Segment, body: FastBody) => void;
}

export class Handover {
  readonly #options: HandoverOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | null = null;
  #isTaken = false;

  constructor(options: HandoverOptions) {
    this.#options = options;
  }

  /** Once the first connection receives. Idempotent. */
  begin(): void {
    this.#running ??= this.#run().catch(() => undefined);
  }

  /** The first connection has ended. Resolves when nothing is tried any more. */
  async end(): Promise<void> {
    if (!this.#isTaken) this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { segments, segment, open, onTaken } = this.#options;
    let leadBytes = LEAD_BYTES;
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const { received, end } = segment;
      if (end === null || isDone(segment) || missingBytes(segment) < FAST_FROM_BYTES) return;
      const start = received + leadBytes;
      if (end - start < FAST_FROM_BYTES / 2) return;
      const rest = newSegment(start, end);
      const body = await open(rest, this.#stop.signal);
      if (body === null) return;
      if (segment.isBusy && segment.received < start && segment.end === end) {
        this.#isTaken = true;
        segment.end = start;
        segments.push(rest);
        return onTaken(rest, body);
      }
      body.discard();
      if (!segment.isBusy || segment.end !== end) return;
      leadBytes = 2 * Math.max(leadBytes, segment.received - received);
    }
  }
}
