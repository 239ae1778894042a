/** Fetches HLS fragments, each into a file: cuts out its byte range, decrypts it, and retries broken connections. */
import { createDecipheriv, type Decipheriv } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fragment } from '../../../foreign/playlist/fragments.ts';
import { type ErrorCode, SluiceError } from '../../../protocol/error.ts';
import { asDiskError } from '../../../files/disk-error.ts';
import { type HttpResponse, type HttpClient, readBody } from '../client.server.ts';
import { decoded, BodyTooLong } from '../file/stream-body.server.ts';
import { networkError } from '../network-error.ts';
import { mayRefuseRange } from '../status.ts';
import {
  combined,
  type FragmentPlace,
  placeInFullResponse,
  placeInRangeResponse,
  type SeenFile,
} from './fragment-place.ts';

const MAX_TRIES = 4;
const FIRST_BACKOFF_MS = 200;
const RETRYABLE: readonly ErrorCode[] = [
  'connection_lost',
  'connect_failed',
  'size_mismatch',
  'timeout',
  'remote_busy',
  'remote_error',
];
const KEY_BYTES = 16;
/** Addresses that are remembered of each kind: a playlist may have a new key and a new file for each of its fragments. */
const MAX_REMEMBERED = 64;

export class FragmentFetcher {
  readonly #client: HttpClient;
  readonly #signal: AbortSignal;
  readonly #keys = new Map<string, Promise<Buffer>>();
  /** From the responses so far, by address; only of files with byte ranges. */
  readonly #seen = new Map<string, SeenFile>();
  /** Addresses whose responses to a range are unusable. */
  readonly #withoutRange = new Set<string>();

  constructor(client: HttpClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /** What responses have reported of the file at an address, also in earlier attempts; null = nothing. */
  seenAt(url: string): SeenFile | null {
    return this.#seen.get(url) ?? null;
  }

  recordSeen(url: string, seen: SeenFile): void {
    this.#seen.set(url, combined(this.seenAt(url), seen));
    dropOldest(this.#seen);
  }

  /** Of all files: the next responses may be of other versions. */
  forgetSeen(): void {
    this.#seen.clear();
    this.#keys.clear();
    this.#withoutRange.clear();
  }

  /** Whether the fragment, decrypted, begins with these bytes. @throws as `fetch` */
  async startsWith(fragment: Fragment, bytes: Buffer): Promise<boolean> {
    return this.#retrying(async (isLastTry) => {
      const decipher = await this.#decipherOf(fragment);
      const { response, place } = await this.#request(fragment, isLastTry);
      const received: Buffer[] = [];
      let length = 0;
      try {
        for await (const chunk of bodyOf(response, place, fragment, () => undefined)) {
          const plain = decipher === null ? chunk : decipher.update(chunk);
          received.push(plain);
          length += plain.length;
          if (length >= bytes.length) break;
        }
        if (decipher !== null && length < bytes.length) received.push(decipher.final());
      } catch (thrown) {
        if (thrown instanceof BodyTooLong) throw this.#bodyTooLong(fragment);
        // another key, or another film
        if (isDecipherError(thrown)) return false;
        throw networkError(thrown, this.#signal, true);
      } finally {
        response.discard();
      }
      return bytes.equals(Buffer.concat(received).subarray(0, bytes.length));
    });
  }

  /**
   * Fetches into `path`, which exists only once it is complete.
   * @param onBytes called with bytes as they arrive, and with a negative number when a failed try is discarded
   * @throws FileChanged, SluiceError network codes, `remote_*` (`remote_contradiction` for a file that cannot hold the fragment),
   * `encrypted`, `size_mismatch`, `disk_*`
   */
  async fetch(fragment: Fragment, path: string, onBytes: (bytes: number) => void): Promise<void> {
    await this.#retrying(async (isLastTry) => {
      let bytes = 0;
      try {
        await this.#fetchOnce(fragment, path, isLastTry, (more) => {
          bytes += more;
          onBytes(more);
        });
      } catch (thrown) {
        onBytes(-bytes);
        throw thrown;
      }
    });
  }

  async #retrying<Result>(run: (isLastTry: boolean) => Promise<Result>): Promise<Result> {
    for (let tries = 1; ; tries++) {
      try {
        return await run(tries === MAX_TRIES);
      } catch (thrown) {
        this.#signal.throwIfAborted();
        // A server that says when to come back is not asked before.
        const isRetryable =
          thrown instanceof SluiceError && RETRYABLE.includes(thrown.code) && thrown.retryAfterMs === null;
        if (!isRetryable || tries >= MAX_TRIES) throw asDiskError(thrown) ?? thrown;
        const backoffMs = FIRST_BACKOFF_MS * 2 ** (tries - 1) * (0.75 + Math.random() / 2);
        await delay(backoffMs, null, { signal: this.#signal });
      }
    }
  }

  async #fetchOnce(
    fragment: Fragment,
    path: string,
    isLastTry: boolean,
    onBytes: (bytes: number) => void,
  ): Promise<void> {
    const decipher = await this.#decipherOf(fragment);
    const { response, place } = await this.#request(fragment, isLastTry);
    const file = createWriteStream(`${path}.part`);
    try {
      const body = bodyOf(response, place, fragment, onBytes);
      await (decipher ? pipeline(body, decipher, file) : pipeline(body, file));
    } catch (thrown) {
      if (thrown instanceof BodyTooLong) throw this.#bodyTooLong(fragment);
      if (isDecipherError(thrown))
        throw new SluiceError('encrypted', 'The key does not open the stream.', { cause: thrown });
      throw asDiskError(thrown) ?? networkError(thrown, this.#signal, true);
    } finally {
      response.discard();
    }
    await rename(`${path}.part`, path);
  }

  #bodyTooLong({ url }: Fragment): SluiceError {
    this.#withoutRange.add(url);
    return new SluiceError('size_mismatch', 'The server sent more bytes than it announced.');
  }

  /** Null = not encrypted. */
  async #decipherOf(fragment: Fragment): Promise<Decipheriv | null> {
    const { key } = fragment;
    if (key === null) return null;
    const secret = await this.#keyAt(key.url);
    if (secret.length !== KEY_BYTES) {
      throw new SluiceError(
        'encrypted',
        `The key of the stream has ${secret.length} bytes, not ${KEY_BYTES}.`,
      );
    }
    return createDecipheriv('aes-128-cbc', secret, ivOf(fragment));
  }

  #keyAt(url: string): Promise<Buffer> {
    const known = this.#keys.get(url);
    if (known) return known;
    const signal = this.#signal;
    const key = this.#client.get(url, { signal }).then((response) => readBody(response, 1024, signal));
    this.#keys.set(url, key);
    dropOldest(this.#keys);
    // the next try requests it again
    key.catch(() => {
      if (this.#keys.get(url) === key) this.#keys.delete(url);
    });
    return key;
  }

  async #request(
    { url, range }: Fragment,
    isLastTry: boolean,
  ): Promise<{ response: HttpResponse; place: FragmentPlace }> {
    const signal = this.#signal;
    if (range !== null && !this.#withoutRange.has(url)) {
      const response = await this.#getRange(url, range, isLastTry);
      const place = response && placeInRangeResponse(response.status, response.head, range, this.seenAt(url));
      if (response !== null && place !== null) {
        this.recordSeen(url, place.seen);
        return { response, place };
      }
      response?.discard();
      this.#neverAskForRange(url);
    }
    const response = await this.#client.get(url, { signal });
    try {
      const place = placeInFullResponse(response.status, response.head, range, this.seenAt(url));
      if (range !== null) this.recordSeen(url, place.seen);
      return { response, place };
    } catch (thrown) {
      response.discard();
      throw thrown;
    }
  }

  /** Null = the server refuses ranges. What passes by itself counts only if no other try is left. */
  async #getRange(
    url: string,
    { start, end }: NonNullable<Fragment['range']>,
    isLastTry: boolean,
  ): Promise<HttpResponse | null> {
    const headers = { range: `bytes=${start}-${end - 1}` };
    try {
      return await this.#client.get(url, { signal: this.#signal, headers, accept: [416] });
    } catch (thrown) {
      if (!mayRefuseRange(thrown) || (thrown.transient && !isLastTry)) throw thrown;
      return null;
    }
  }

  #neverAskForRange(url: string): void {
    this.#withoutRange.add(url);
    dropOldest(this.#withoutRange);
  }
}

function dropOldest(remembered: Map<string, unknown> | Set<string>): void {
  const [oldest] = remembered.keys();
  if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
}

function ivOf({ key, sequence }: Fragment): Buffer {
  if (key?.iv != null) return Buffer.from(key.iv, 'hex');
  const iv = Buffer.alloc(16);
  iv.writeBigInt64BE(BigInt(sequence), 8);
  return iv;
}

/** The fragment's own bytes. */
async function* bodyOf(
  response: HttpResponse,
  { skip, bodyBytes }: FragmentPlace,
  { range }: Fragment,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  let before = skip;
  let left = range === null ? Infinity : range.end - range.start;
  let received = 0;
  for await (const chunk of decoded(response) as AsyncIterable<Buffer>) {
    received += chunk.length;
    if (bodyBytes !== null && received > bodyBytes) throw new BodyTooLong();
    const from = Math.min(before, chunk.length);
    before -= from;
    const part = chunk.subarray(from, Math.min(chunk.length, from + left));
    left -= part.length;
    if (part.length > 0) {
      onBytes(part.length);
      yield part;
    }
    if (left === 0 && bodyBytes === null) return;
  }
  if (range !== null && left > 0) throw new SluiceError('size_mismatch');
}

function isDecipherError(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  return code.startsWith('ERR_OSSL');
}
