/** Requests bytes of the files of fragments, and places each response by all that is known of its file. */
import { dropOldest } from '../../../protocol/drop-oldest.ts';
import type { HttpClient, HttpResponse } from '../client/client.server.ts';
import type { ReportedSizes, SeenFile } from '../head/reported.ts';
import { mayRefuseRange } from '../failure/status.ts';
import {
  type ByteRange,
  combined,
  type FragmentPlace,
  placeInFullResponse,
  placeInRangeResponse,
} from './fragment-place.ts';
import { type RangeStart, readStartOfWhole } from './range-start.server.ts';
import { MAX_REMEMBERED } from './remembered.ts';

interface FragmentRequest {
  url: string;
  /** Null = the whole file. */
  range: ByteRange | null;
  /** What of the whole file is used if the range is refused; default: `range`. */
  rangeInWhole?: ByteRange | null;
  /** From the responses for the same file so far, of which other requests may add some meanwhile; null = nothing. */
  known: () => SeenFile | null;
  /** From earlier responses whose bytes were dropped. */
  earlier?: ReportedSizes;
  /** What passes by itself counts as a refused range only if no other try is left. */
  isLastTry: boolean;
}

export interface PlacedResponse {
  response: HttpResponse;
  place: FragmentPlace;
  /** What of the file is meant: `range`, or `rangeInWhole`. */
  range: ByteRange | null;
  /** The response is to a request without a range. */
  isFull: boolean;
  /** What had come in place of the range; null = nothing that can be compared. */
  instead: RangeStart | null;
}

export class FragmentRequests {
  readonly #get: HttpClient['get'];
  /** From the responses so far, by address; only of files with byte ranges. */
  readonly #seen = new Map<string, SeenFile>();
  /** Addresses whose responses to a range are unusable. */
  readonly #withoutRange = new Set<string>();

  /** @param get as the client's, of what is known to be media */
  constructor(get: HttpClient['get']) {
    this.#get = get;
  }

  seenAt(url: string): SeenFile | null {
    return this.#seen.get(url) ?? null;
  }

  recordSeen(url: string, seen: SeenFile): void {
    this.#seen.set(url, combined(this.seenAt(url), seen));
    dropOldest(this.#seen, MAX_REMEMBERED);
  }

  neverAskForRange(url: string): void {
    this.#withoutRange.add(url);
    dropOldest(this.#withoutRange, MAX_REMEMBERED);
  }

  /** Of all files: the next responses may be of other versions. */
  forget(): void {
    this.#seen.clear();
    this.#withoutRange.clear();
  }

  /** @throws FileChanged, SluiceError network codes, `remote_*` */
  async send(request: FragmentRequest, signal: AbortSignal): Promise<PlacedResponse> {
    const { url, range, rangeInWhole = range, known, isLastTry } = request;
    let instead: RangeStart | null = null;
    if (range !== null && !this.#withoutRange.has(url)) {
      const response = await this.#getRange(url, range, isLastTry, signal);
      const place = response && placeInRangeResponse(response.status, response.head, range, known());
      if (response !== null && place !== null) return { response, place, range, isFull: false, instead };
      try {
        instead = response && (await readStartOfWhole(response, signal));
      } finally {
        response?.discard();
      }
      this.neverAskForRange(url);
    }
    const response = await this.#get(url, { signal });
    try {
      const { status, head } = response;
      const place = placeInFullResponse(status, head, rangeInWhole, known(), request.earlier);
      return { response, place, range: rangeInWhole, isFull: true, instead };
    } catch (thrown) {
      response.discard();
      throw thrown;
    }
  }

  /** Null = the server refuses ranges. */
  async #getRange(
    url: string,
    { start, end }: ByteRange,
    isLastTry: boolean,
    signal: AbortSignal,
  ): Promise<HttpResponse | null> {
    const headers = { range: `bytes=${start}-${end === null ? '' : end - 1}` };
    try {
      return await this.#get(url, { signal, headers, accept: [416] });
    } catch (thrown) {
      if (!mayRefuseRange(thrown) || (thrown.transient && !isLastTry)) throw thrown;
      return null;
    }
  }
}
