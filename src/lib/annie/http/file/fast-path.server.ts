/** When the fast path is worth a connection, and for which bytes of a file. */
import type { EngineJob } from '../../engine.ts';
import type { HttpClient, HttpResponse } from '../client/client.server.ts';
import { FAST_FROM_BYTES, Handover } from './handover.ts';
import { UNCOUNTED } from './more-connections.ts';
import { missingBytes, type Segment } from './segments.ts';
import { FastBody, type FastRequest } from './socket-body.server.ts';

interface FastPathOptions extends Pick<FastRequest, 'guard' | 'validators' | 'ranged' | 'stallMs'> {
  client: HttpClient;
  /** Of the file. */
  segments: Segment[];
  totalBytes: number | null;
  resumable: boolean;
  maxConnections: number;
  /** As in `EngineJob`. */
  openExtra?: EngineJob['openExtra'];
}

export class FastPath {
  /** After redirects; null = not known yet. */
  found: Pick<HttpResponse, 'url' | 'policy'> | null = null;
  mayBeUsed = true;
  readonly #options: FastPathOptions;
  readonly #signal: AbortSignal;

  constructor(options: FastPathOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  isWorthIt(segment: Segment): boolean {
    const canRequest = this.#options.ranged || segment.received === 0;
    const isLarge = segment.end !== null && missingBytes(segment) >= FAST_FROM_BYTES;
    const hasSeam = segment.received > 0 && this.#options.validators.ifRange === null;
    return this.mayBeUsed && this.found !== null && canRequest && isLarge && !hasSeam;
  }

  /** Null = the server is not fit for it. */
  async open(segment: Segment, signal: AbortSignal): Promise<FastBody | null> {
    const { client, totalBytes } = this.#options;
    if (this.found === null || totalBytes === null) return null;
    const fast = await FastBody.open({
      ...this.#options,
      ...{ url: this.found.url, segment, totalBytes },
      signal,
      headers: client.headersFor(this.found),
    });
    // a server that is not fit for it now will not be a moment later
    this.mayBeUsed = fast !== null;
    return fast;
  }

  /** For the segment of the first response; null = no other connection may take its rest. */
  handoverOf(segment: Segment, onTaken: (rest: Segment, body: FastBody) => void): Handover | null {
    const { segments, resumable, validators, maxConnections, openExtra } = this.#options;
    const isSplittable = resumable && validators.ifRange !== null && maxConnections > 1;
    if (!isSplittable || !this.isWorthIt(segment)) return null;
    const open = async (rest: Segment, stop: AbortSignal): Promise<FastBody | null> => {
      // For a moment there are two connections.
      const extra = openExtra === undefined ? UNCOUNTED : openExtra();
      if (extra === null) return null;
      return this.open(rest, AbortSignal.any([this.#signal, stop])).finally(() => extra.close());
    };
    return new Handover({ segments, segment, open, onTaken });
  }
}
