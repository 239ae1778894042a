/**
 * Fetches HLS fragments, each into a file. What an interrupted try or attempt has left of one is continued by Range: only
 * the missing bytes are requested, and some before them where nothing proves that the file is still the same.
 */
import { Readable } from 'node:stream';
import type { Fragment } from '../../../foreign/playlist/fragments.ts';
import { SluiceError } from '../../../protocol/error.ts';
import { asDiskError } from '../../../files/disk-error.ts';
import type { HttpClient } from '../client.server.ts';
import { BodyTooLong } from '../file/stream-body.server.ts';
import { networkError } from '../network-error.ts';
import { afterSeam, decrypted, openBody, rangeOf } from './fragment-body.server.ts';
import { bytesOfDataUrl, isDataUrl } from './data-url.ts';
import { BLOCK_BYTES, FragmentKeys, isDecipherError, type OpenDecipher } from './fragment-keys.server.ts';
import type { FragmentPart } from './fragment-part.server.ts';
import { FileChanged, type SeenFile } from './fragment-place.ts';
import { FragmentRequests } from './fragment-requests.server.ts';
import { restOf } from './fragment-rest.server.ts';
import { retrying } from './retrying.server.ts';

export interface FetchEvents {
  /** Bytes of the fragment that are there, now or from an earlier attempt; negative when they are discarded. */
  onBytes: (bytes: number) => void;
  /** The file of a begun fragment has changed: it is begun anew, unless this throws. */
  onChanged: () => Promise<void>;
}

export class FragmentFetcher {
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #keys: FragmentKeys;
  readonly #requests: FragmentRequests;

  constructor(client: HttpClient, signal: AbortSignal) {
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
    this.#keys = new FragmentKeys(client, this.#signal);
    this.#requests = new FragmentRequests(client, this.#signal);
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
    return retrying(this.#signal, async (isLastTry) => {
      const open = await this.#keys.decipherOf(fragment);
      if (isDataUrl(url)) return this.#dataStartsWith(fragment, open, bytes, skipped);
      const wanted = end === null ? range : { start: origin, end: Math.min(end, range?.end ?? end) };
      const known = range === null ? null : this.seenAt(url);
      const request = { url, range: wanted, rangeInWhole: range, known, isLastTry };
      const { response, place, range: sent } = await this.#requests.send(request);
      const received: Buffer[] = [];
      let length = 0;
      try {
        if (range !== null) this.recordSeen(url, place.seen);
        const raw = rangeOf(openBody(response), place, sent);
        for await (const chunk of open === null ? raw : decrypted(raw, open, 'start')) {
          received.push(chunk);
          length += chunk.length;
          if (length >= wantedBytes) break;
        }
      } catch (thrown) {
        // another key, or another film
        if (isDecipherError(thrown)) return false;
        throw this.#failure(fragment, thrown);
      } finally {
        response.discard();
      }
      return bytes.equals(Buffer.concat(received).subarray(skipped, wantedBytes));
    });
  }

  async #dataStartsWith(
    fragment: Fragment,
    open: OpenDecipher | null,
    bytes: Buffer,
    skipped: number,
  ): Promise<boolean> {
    try {
      const chunks = await Readable.from(dataOf(fragment, open)).toArray();
      return bytes.equals(Buffer.concat(chunks as Buffer[]).subarray(skipped, skipped + bytes.length));
    } catch (thrown) {
      if (isDecipherError(thrown)) return false;
      throw thrown;
    }
  }

  /**
   * Fetches what is missing of a fragment, whose file then gets its own name.
   * @throws FileChanged, SluiceError network codes, `remote_*` (`remote_contradiction` for a file that cannot hold the fragment),
   * `encrypted`, `size_mismatch`, `disk_*`; what `onChanged` throws
   */
  async fetch(fragment: Fragment, part: FragmentPart, { onBytes, onChanged }: FetchEvents): Promise<void> {
    let counted = 0;
    const count = (bytes: number): void => {
      counted += bytes;
      onBytes(bytes);
    };
    count(part.bytes);
    let isChanged = false;
    await retrying(
      this.#signal,
      async (isLastTry) => {
        try {
          isChanged ||= !(await this.#fetchIfUnchanged(fragment, part, isLastTry, count));
          if (!isChanged) return;
          // a try in which this fails is followed by another one
          await onChanged();
          isChanged = false;
          await this.#fetchRest(fragment, part, isLastTry, count);
        } finally {
          // what was received and is not on the disk, as padding
          count(part.bytes - counted);
        }
      },
      () => part.bytes,
    );
  }

  /** @returns false = the file of a begun fragment is another one, and nothing of it is kept */
  async #fetchIfUnchanged(
    fragment: Fragment,
    part: FragmentPart,
    isLastTry: boolean,
    onBytes: (bytes: number) => void,
  ): Promise<boolean> {
    try {
      await this.#fetchRest(fragment, part, isLastTry, onBytes);
      return true;
    } catch (thrown) {
      // a file with byte ranges holds other fragments too
      if (!(thrown instanceof FileChanged) || fragment.range !== null) throw thrown;
      await part.drop();
      return false;
    }
  }

  async #fetchRest(
    fragment: Fragment,
    part: FragmentPart,
    isLastTry: boolean,
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    const { url } = fragment;
    const open = await this.#keys.decipherOf(fragment);
    if (isDataUrl(url)) return this.#writeData(fragment, part, open, onBytes);
    const rest = await restOf(fragment, part);
    const isResumed = part.bytes > 0;
    const known = fragment.range !== null ? this.seenAt(url) : isResumed ? (part.note?.seen ?? null) : null;
    const { response, place } = await this.#requests.send({ url, range: rest.range, known, isLastTry });
    try {
      const body = openBody(response);
      if (fragment.range !== null) this.recordSeen(url, place.seen);
      if (!isResumed) await part.begin({ url, seen: place.seen });
      const raw = rangeOf(body, place, rest.range, countingAfter(part.bytes - rest.from, onBytes));
      const plain = open === null ? raw : decrypted(raw, open, rest.from === 0 ? 'start' : 'middle');
      await part.append(isResumed ? afterSeam(plain, rest.saved) : plain);
    } catch (thrown) {
      // any of its bytes may be wrong
      if (thrown instanceof BodyTooLong || isDecipherError(thrown)) await part.drop();
      if (isDecipherError(thrown) && isResumed)
        throw new SluiceError('size_mismatch', 'The rest of a fragment does not fit its start.');
      throw this.#failure(fragment, thrown);
    } finally {
      response.discard();
    }
    await part.finish();
  }

  /** The playlist holds the fragment itself, as a short initialisation part. */
  async #writeData(
    fragment: Fragment,
    part: FragmentPart,
    open: OpenDecipher | null,
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    await part.drop();
    try {
      await part.append(dataOf(fragment, open));
      onBytes(part.bytes);
    } catch (thrown) {
      throw this.#failure(fragment, thrown);
    }
    await part.finish();
  }

  #failure({ url }: Fragment, thrown: unknown): unknown {
    if (thrown instanceof FileChanged) return thrown;
    if (thrown instanceof BodyTooLong) {
      this.#requests.neverAskForRange(url);
      return new SluiceError('size_mismatch', 'The server sent more bytes than it announced.');
    }
    if (isDecipherError(thrown))
      return new SluiceError('encrypted', 'The key does not open the stream.', { cause: thrown });
    return asDiskError(thrown) ?? networkError(thrown, this.#signal, true);
  }
}

/** What the playlist itself holds of a fragment, decrypted. @throws SluiceError `invalid_manifest` */
function dataOf({ url, range }: Fragment, open: OpenDecipher | null): AsyncIterable<Buffer> {
  const bytes = bytesOfDataUrl(url).subarray(range?.start ?? 0, range?.end);
  const raw = Readable.from([bytes]) as AsyncIterable<Buffer>;
  return open === null ? raw : decrypted(raw, open, 'start');
}

/** Calls `onBytes` for what follows the first `before` bytes. */
function countingAfter(before: number, onBytes: (bytes: number) => void): (bytes: number) => void {
  let left = before;
  return (bytes) => {
    const known = Math.min(left, bytes);
    left -= known;
    if (bytes > known) onBytes(bytes - known);
  };
}
