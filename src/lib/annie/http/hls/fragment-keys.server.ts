/** Keys of encrypted fragments (AES-128-CBC; RFC 8216, section 5.2), each fetched once. */
import { createDecipheriv, type Decipheriv } from 'node:crypto';
import type { Fragment } from '../../../foreign/playlist/fragments.ts';
import { SluiceError } from '../../../protocol/error.ts';
import { dropOldest } from '../../../protocol/drop-oldest.ts';
import type { HttpClient } from '../client/client.server.ts';
import { readBody } from '../body/read-body.server.ts';
import { bytesOfDataUrl, isDataUrl } from './data-url.ts';
import { MAX_REMEMBERED } from './remembered.ts';

const KEY_BYTES = 16;
/** Longer ones are read to say that they are none. */
const MAX_KEY_BYTES = 1024;
/** Of AES, and so of an initialisation vector. */
export const BLOCK_BYTES = 16;

/** @param iv null = the fragment's own, for its start */
export type OpenDecipher = (iv: Buffer | null) => Decipheriv;

export class FragmentKeys {
  readonly #get: HttpClient['get'];
  readonly #signal: AbortSignal;
  readonly #keys = new Map<string, Promise<Buffer>>();

  /** @param get as the client's */
  constructor(get: HttpClient['get'], signal: AbortSignal) {
    this.#get = get;
    this.#signal = signal;
  }

  /** Null = the fragment is not encrypted. @throws SluiceError network codes, `encrypted` */
  async decipherOf(fragment: Fragment): Promise<OpenDecipher | null> {
    const { key } = fragment;
    if (key === null) return null;
    const secret = withoutLineEnd(await this.#keyAt(key.url));
    if (secret.length !== KEY_BYTES) {
      throw new SluiceError(
        'encrypted',
        `The key of the stream has ${secret.length} bytes, not ${KEY_BYTES}.`,
      );
    }
    return (iv) => createDecipheriv('aes-128-cbc', secret, iv ?? ivOf(fragment));
  }

  forget(): void {
    this.#keys.clear();
  }

  #keyAt(url: string): Promise<Buffer> {
    const known = this.#keys.get(url);
    if (known) return known;
    const signal = this.#signal;
    const key = isDataUrl(url)
      ? Promise.resolve(bytesOfDataUrl(url))
      : this.#get(url, { signal }).then((response) => readBody(response, MAX_KEY_BYTES, signal));
    this.#keys.set(url, key);
    dropOldest(this.#keys, MAX_REMEMBERED);
    // the next try requests it again
    key.catch(() => {
      if (this.#keys.get(url) === key) this.#keys.delete(url);
    });
    return key;
  }
}

export function isDecipherError(thrown: unknown): boolean {
  const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : '';
  return code.startsWith('ERR_OSSL');
}

function ivOf({ key, sequence }: Fragment): Buffer {
  if (key?.iv != null) return Buffer.from(key.iv, 'hex');
  const iv = Buffer.alloc(BLOCK_BYTES);
  iv.writeBigInt64BE(BigInt(sequence), 8);
  return iv;
}

/** Keys that were written by hand end with one; ffmpeg takes the first 16 bytes. */
function withoutLineEnd(secret: Buffer): Buffer {
  return /^\r?\n$/.test(secret.toString('latin1', KEY_BYTES)) ? secret.subarray(0, KEY_BYTES) : secret;
}
