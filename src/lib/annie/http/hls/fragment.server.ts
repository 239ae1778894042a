/**
 * Fetches HLS fragments, each into a file. What an interrupted try or attempt has left of one is continued by Range: only
 * the missing bytes are requested, and some before them where nothing proves that the file is still the same.
 */
import type { Fragment } from '../../../foreign/playlist/fragments.ts';
import { SluiceError } from '../../../protocol/error.ts';
import { asDiskError } from '../../../files/disk-error.ts';
import type { HttpClient } from '../client/client.server.ts';
import { BodyTooLong } from '../body/stream-body.server.ts';
import { networkError } from '../failure/network-error.ts';
import type { Head } from '../head/head.ts';
import { refusePortal } from '../failure/portal.ts';
import type { SeenFile } from '../head/reported.ts';
import { FetchedRanges, RangeSum } from './fetched-ranges.ts';
import {
  afterSeam,
  countingAfter,
  decrypted,
  WrongBodyEnd,
  inMemory,
  openBody,
  OtherBytes,
  rangeOf,
} from './fragment-body.server.ts';
import { dataFragmentBytes, dataStartsWith } from './data-fragment.ts';
import { isDataUrl } from './data-url.ts';
import { BLOCK_BYTES, FragmentKeys, isDecipherError, type OpenDecipher } from './fragment-keys.server.ts';
import type { FragmentPart } from './fragment-part.server.ts';
import { FileChanged, type FragmentPlace } from './fragment-place.ts';
import {
  type FragmentResponse,
  contradictionIn,
  type DroppedReports,
  wrongEnd,
} from './fragment-contradiction.ts';
import { FragmentRequests } from './fragment-requests.server.ts';
import type { FetchedFragment, FetchEvents, FragmentRun } from './fragment-run.ts';
import { missingRangeOf } from './fragment-rest.server.ts';
import { StartCheck } from './range-start.server.ts';
import { withRetries } from './with-retries.server.ts';

export class FragmentFetcher {
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #keys: FragmentKeys;
  readonly #requests: FragmentRequests;
  /** Of files with byte ranges. */
  readonly #fetched = new FetchedRanges();
  /** Fragments of the stream have come: a page of another site is not its server's. */
  hasMedia = false;

  constructor(client: HttpClient, signal: AbortSignal) {
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    const get: HttpClient['get'] = async (url, options) => {
      const response = await client.get(url, options);
      if (this.hasMedia) refusePortal(url, response);
      return response;
    };
    this.#keys = new FragmentKeys(get, this.#signal);
    this.#requests = new FragmentRequests(get);
  }

  /** Ends all that is in flight, and all that comes, with this error. */
  stop(error: SluiceError): void {
    this.#stop.abort(error);
  }

  /** What responses have reported of the file at an address, also in earlier attempts; null = nothing. */
  seenAt(url: string): SeenFile | null {
    return this.#requests.seenAt(url);
  }

  recordSeen(url: string, seen: SeenFile): void {
    this.#requests.recordSeen(url, seen);
  }

  /** Of all files: the next responses may be of other versions. */
  forgetSeen(): void {
    this.#requests.forget();
    this.#fetched.forget();
    this.#keys.forget();
  }

  /**
   * Whether the fragment, decrypted, begins with these bytes.
   * @param isPart the fragment has more bytes than these
   * @param skipped bytes of the fragment before these
   * @throws as `fetch`
   */
  async startsWith(fragment: Fragment, bytes: Buffer, isPart: boolean, skipped = 0): Promise<boolean> {
    const { url, range } = fragment;
    const origin = range?.start ?? 0;
    const wantedBytes = skipped + bytes.length;
    // a decipher keeps the last block until it knows what follows
    const end = isPart ? origin + wantedBytes + 2 * BLOCK_BYTES : null;
    return withRetries(this.#signal, async (isLastTry) => {
      const open = await this.#keys.decipherOf(fragment);
      if (isDataUrl(url)) return dataStartsWith(fragment, open, bytes, skipped);
      const wanted = end === null ? range : { start: origin, end: Math.min(end, range?.end ?? end) };
      const known = (): SeenFile | null => (range === null ? null : this.seenAt(url));
      const request = { url, range: wanted, rangeInWhole: range, known, isLastTry };
      const { response, place, range: sent } = await this.#requests.send(request, this.#signal);
      const received: Buffer[] = [];
      const sum = new RangeSum();
      let length = 0;
      try {
        if (range !== null) this.recordSeen(url, place.seen);
        const raw = sum.of(rangeOf(openBody(response), place, sent));
        for await (const chunk of open === null ? raw : decrypted(raw, open, 'start')) {
          received.push(chunk);
          length += chunk.length;
          if (length >= wantedBytes) break;
        }
      } catch (thrown) {
        // another key, or another stream
        if (isDecipherError(thrown)) return false;
        throw this.#failure({ fragment, signal: this.#signal }, thrown, response.head);
      } finally {
        response.discard();
      }
      const isSame = bytes.equals(Buffer.concat(received).subarray(skipped, wantedBytes));
      if (isSame && range !== null) this.#fetched.add(url, { start: origin, ...sum.total });
      return isSame;
    });
  }

  /**
   * Fetches what is missing of a fragment, whose file then gets its own name.
   * @throws FileChanged, SluiceError network codes, `remote_*` (`remote_contradiction` for a file that cannot hold the fragment),
   * `encrypted`, `size_mismatch`, `disk_*`; what `onChanged` throws; the reason of `extra`
   */
  async fetch(fragment: Fragment, part: FragmentPart, events: FetchEvents): Promise<void> {
    const { onBytes, onChanged, extra = null } = events;
    const signal = extra === null ? this.#signal : AbortSignal.any([this.#signal, extra]);
    let counted = 0;
    const count = (bytes: number): void => {
      counted += bytes;
      onBytes(bytes);
    };
    count(part.bytes);
    let isChanged = false;
    const dropped: DroppedReports = { versions: [], partialSizes: [] };
    const run: FragmentRun = { fragment, part, signal, dropped, onBytes: count };
    await withRetries(
      signal,
      async (isLastTry) => {
        try {
          isChanged ||= !(await this.#fetchIfUnchanged(run, isLastTry));
          if (!isChanged) return;
          // a try in which this fails is followed by another one
          await onChanged();
          isChanged = false;
          await this.#fetchRest(run, isLastTry);
        } finally {
          // what was received and is not on the disk, as padding
          count(part.bytes - counted);
        }
      },
      { progress: () => part.bytes, mayBeBusy: extra === null },
    );
  }

  /** @returns false = the file of a begun fragment is another one, and nothing of it is kept */
  async #fetchIfUnchanged(run: FragmentRun, isLastTry: boolean): Promise<boolean> {
    try {
      await this.#fetchRest(run, isLastTry);
      return true;
    } catch (thrown) {
      // a file with byte ranges holds other fragments too
      if (!(thrown instanceof FileChanged) || run.fragment.range !== null) throw thrown;
      await run.part.drop();
      return false;
    }
  }

  async #fetchRest(run: FragmentRun, isLastTry: boolean): Promise<void> {
    const { fragment, part, dropped, onBytes } = run;
    const { url } = fragment;
    const open = await this.#keys.decipherOf(fragment);
    if (isDataUrl(url)) return this.#writeData(run, open);
    const rest = await missingRangeOf(fragment, part);
    const had = part.bytes;
    const isResumed = had > 0;
    const isRange = fragment.range !== null;
    const begun = isResumed ? part.note : null;
    const known = (): SeenFile | null => (isRange ? this.seenAt(url) : (begun?.seen ?? null));
    const request = {
      ...{ url, range: rest.range, rangeInWhole: fragment.range },
      ...{ known, earlier: dropped, isLastTry },
    };
    const placed = await this.#requests.send(request, run.signal);
    const { response, place, range, isFull } = placed;
    const { seen, isOtherSize } = place;
    const attempt: FragmentResponse = { placed, rest, had, begun, before: known(), dropped };
    // a body from its start on is compared with all that is on the disk
    const from = isFull ? 0 : rest.from;
    const saved = isFull ? { length: had, read: part.read.bind(part) } : inMemory(rest.saved);
    const sum = new RangeSum();
    const prefix = isFull && isRange ? this.#fetched.checkOf(url) : null;
    // Where a fragment goes on, its own bytes are compared.
    const instead = rest.from === 0 ? placed.instead : null;
    const start = new StartCheck(instead, response);
    try {
      const body = openBody(response);
      if (isRange) this.recordSeen(url, seen);
      if (!isResumed) await beginPart(part, url, place);
      else if (!isFull && seen.totalBytes !== null) part.learnTotal(seen.totalBytes);
      const raw = rangeOf(body, place, range, {
        onBytes: countingAfter(had - from, onBytes),
        onSkipped(bytes) {
          if (prefix?.push(bytes) === false) throw new OtherBytes(bytes, 0);
          start.skipped(bytes);
        },
      });
      const checked = instead === null ? raw : start.of(raw);
      const summed = isRange ? sum.of(checked) : checked;
      const plain = open === null ? summed : decrypted(summed, open, from === 0 ? 'start' : 'middle');
      await part.append(isResumed ? afterSeam(plain, saved, isOtherSize) : plain);
      // Where it begins was only said, and can be checked by now.
      const isSizeNew = seen.totalBytes === null && (this.seenAt(url)?.totalBytes ?? null) !== null;
      if (isFull && isRange && isSizeNew) {
        await part.cutBack(had);
        throw new SluiceError('size_mismatch', 'The size of a file was reported while it was fetched.');
      }
    } catch (thrown) {
      throw await this.#rejected(run, attempt, thrown);
    } finally {
      response.discard();
    }
    if (fragment.range !== null && from === 0)
      this.#fetched.add(url, { start: fragment.range.start, ...sum.total });
    await part.finish();
  }

  /** Drops what may be wrong. @returns the failure */
  async #rejected(run: FragmentRun, attempt: FragmentResponse, thrown: unknown): Promise<unknown> {
    const { fragment, part, dropped } = run;
    const { had } = attempt;
    const { response, place, isFull } = attempt.placed;
    // any of its bytes may be wrong
    if (thrown instanceof BodyTooLong || isDecipherError(thrown)) {
      if (part.note !== null) dropped.versions.push(part.note.seen);
      await part.drop();
    } else if (place.unproven !== null && (had === 0 || thrown instanceof WrongBodyEnd)) {
      await part.cutBack(had);
    }
    if (isDecipherError(thrown) && had > 0)
      return new SluiceError('size_mismatch', 'The rest of a fragment does not fit its start.');
    if (isFull && thrown instanceof OtherBytes) {
      const failure = contradictionIn(thrown, fragment, attempt);
      if (failure !== null) return failure;
    }
    return this.#failure(run, thrown, response.head);
  }

  /** The playlist holds the fragment itself, as a short initialisation part. */
  async #writeData(run: FragmentRun, open: OpenDecipher | null): Promise<void> {
    const { fragment, part, onBytes } = run;
    await part.drop();
    try {
      await part.append(dataFragmentBytes(fragment, open));
      onBytes(part.bytes);
    } catch (thrown) {
      throw this.#failure(run, thrown, null);
    }
    await part.finish();
  }

  #failure({ fragment, signal }: FetchedFragment, thrown: unknown, head: Head | null): unknown {
    if (thrown instanceof WrongBodyEnd && head !== null) return wrongEnd(thrown, head);
    if (thrown instanceof FileChanged) return thrown;
    if (thrown instanceof BodyTooLong) {
      this.#requests.neverAskForRange(fragment.url);
      return new SluiceError('size_mismatch', 'The server sent more bytes than it announced.');
    }
    if (isDecipherError(thrown))
      return new SluiceError('encrypted', 'The key does not open the stream.', { cause: thrown });
    return asDiskError(thrown) ?? networkError(thrown, signal, true);
  }
}

/** Without a note where the place was only said: what comes may turn out to be another part of the file. */
async function beginPart(part: FragmentPart, url: string, { seen, unproven }: FragmentPlace): Promise<void> {
  if (unproven === null) await part.begin({ url, seen });
  else await part.drop();
}
