/** Fetches HLS fragments, each into a file: cuts out its byte range, decrypts it, and retries broken connections. */
import { createDecipheriv } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { Fragment } from '../../../foreign/playlist/fragments.ts';
import { type ErrorCode, SluiceError } from '../../../protocol/error.ts';
import { asDiskError } from '../../../files/disk-error.ts';
import { type HttpResponse, type HttpClient, readBody } from '../client.server.ts';
import { decoded, BodyTooLong } from '../file/stream-body.server.ts';
import type { Version } from '../head.ts';
import { networkError } from '../network-error.ts';
import { type FragmentPlace, placeInRangeResponse, placeInFullResponse } from './fragment-place.ts';

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
  readonly #versions = new Map<string, Version>();
  /** Addresses whose responses to a range are unusable. */
  readonly #withoutRange = new Set<string>();

  constructor(client: HttpClient, signal: AbortSignal) {
    this.#client = client;
    this.#signal = signal;
  }

  /**
   * Fetches into `path`, which exists only once it is complete.
   * @param onBytes called with bytes as they arrive, and with a negative number when a failed try is discarded
   * @throws SluiceError network codes, `remote_*` (`remote_contradiction` for a file that cannot hold the fragment),
   * `encrypted`, `size_mismatch`, `disk_*`
   */
  async fetch(fragment: Fragment, path: string, onBytes: (bytes: number) => void): Promise<void> {
    for (let tries = 1; ; tries++) {
      let bytes = 0;
      try {
        await this.#fetchOnce(fragment, path, (more) => {
          bytes += more;
          onBytes(more);
        });
        return;
      } catch (thrown) {
        onBytes(-bytes);
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

  async #fetchOnce(fragment: Fragment, path: string, onBytes: (bytes: number) => void): Promise<void> {
    const { key } = fragment;
    const secret = key === null ? null : await this.#keyAt(key.url);
    if (secret !== null && secret.length !== KEY_BYTES) {
      throw new SluiceError(
        'encrypted',
        `The key of the stream has ${secret.length} bytes, not ${KEY_BYTES}.`,
      );
    }
    const { response, place } = await this.#request(fragment);
    const decipher = secret && key ? createDecipheriv('aes-128-cbc', secret, ivOf(fragment)) : null;
    const file = createWriteStream(`${path}.part`);
    try {
      const body = bodyOf(response, place, fragment, onBytes);
      await (decipher ? pipeline(body, decipher, file) : pipeline(body, file));
    } catch (thrown) {
      if (thrown instanceof BodyTooLong) {
        this.#neverAskForRange(fragment.url);
        throw new SluiceError('size_mismatch', 'The server sent more bytes than it announced.');
      }
      if (isDecipherError(thrown))
        throw new SluiceError('encrypted', 'The key does not open the stream.', { cause: thrown });
      throw asDiskError(thrown) ?? networkError(thrown, this.#signal, true);
    } finally {
      response.discard();
    }
    await rename(`${path}.part`, path);
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

  async #request({ url, range }: Fragment): Promise<{ response: HttpResponse; place: FragmentPlace }> {
    const known = this.#versions.get(url) ?? null;
    const signal = this.#signal;
    if (range !== null && !this.#withoutRange.has(url)) {
      const headers = { range: `bytes=${range.start}-${range.end - 1}` };
      const response = await this.#client.get(url, { signal, headers });
      const place = placeInRangeResponse(response.status, response.head, range, known);
      if (place !== null) {
        this.#recordVersion(url, place.version);
        return { response, place };
      }
      response.discard();
      this.#neverAskForRange(url);
    }
    const response = await this.#client.get(url, { signal });
    try {
      const place = placeInFullResponse(response.status, response.head, range, known);
      if (range !== null) this.#recordVersion(url, place.version);
      return { response, place };
    } catch (thrown) {
      response.discard();
      throw thrown;
    }
  }

  #recordVersion(url: string, version: Version | null): void {
    if (version === null) return;
    this.#versions.set(url, version);
    dropOldest(this.#versions);
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
