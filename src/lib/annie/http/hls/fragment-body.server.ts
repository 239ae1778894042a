/** The body of a response on its way to a fragment's file: cut to the requested range, decrypted, compared at the seam. */
import type { Decipheriv } from 'node:crypto';
import { Readable } from 'node:stream';
import { SluiceError } from '../../../protocol/error.ts';
import type { HttpResponse } from '../client.server.ts';
import { codingsOf } from '../codings.ts';
import { BodyTooLong, decoded } from '../file/stream-body.server.ts';
import { readEagerly } from './eager-reader.ts';
import { BLOCK_BYTES } from './fragment-keys.server.ts';
import { type ByteRange, FileChanged, type FragmentPlace } from './fragment-place.ts';

/** Of a decoded fragment: 10 s have 100 MB at 80 Mbit/s, and media hardly gets shorter by a coding. */
const MAX_DECODED_BYTES = 128 * 1024 * 1024;

/**
 * To be called as soon as the response is there.
 * @throws SluiceError `remote_status` for an unknown coding; as it is read `too_complex`
 */
export function openBody(response: HttpResponse): AsyncIterable<Buffer> {
  const raw = readEagerly(response.body);
  if (codingsOf(response.head).length === 0) return raw;
  return bounded(decoded({ ...response, body: Readable.from(raw) }) as AsyncIterable<Buffer>);
}

async function* bounded(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MAX_DECODED_BYTES)
      throw new SluiceError('too_complex', 'A fragment of the stream has over 128 MiB when it is decoded.');
    yield chunk;
  }
}

/**
 * The requested range.
 * @param onBytes called with each piece's length before it is passed on
 * @throws BodyTooLong, SluiceError `size_mismatch`
 */
export async function* rangeOf(
  body: AsyncIterable<Buffer>,
  { skip, bodyBytes }: FragmentPlace,
  range: ByteRange | null,
  onBytes: (bytes: number) => void = () => {},
): AsyncGenerator<Buffer> {
  const hasEnd = range !== null && range.end !== null;
  let before = skip;
  let left = hasEnd ? (range.end ?? 0) - range.start : Infinity;
  let received = 0;
  for await (const chunk of body) {
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
  if ((hasEnd && left > 0) || (bodyBytes !== null && received < bodyBytes) || before > 0)
    throw new SluiceError('size_mismatch');
}

/**
 * @param fromStart null = the chunks begin in the middle, where the block before is the initialisation vector of the
 * rest (NIST SP 800-38A, section 6.2)
 */
export async function* decrypted(
  chunks: AsyncIterable<Buffer>,
  open: (iv: Buffer | null) => Decipheriv,
  from: 'start' | 'middle',
): AsyncGenerator<Buffer> {
  let decipher = from === 'start' ? open(null) : null;
  let iv = Buffer.alloc(0);
  for await (const chunk of chunks) {
    let rest = chunk;
    if (decipher === null) {
      const missing = BLOCK_BYTES - iv.length;
      iv = Buffer.concat([iv, chunk.subarray(0, missing)]);
      if (iv.length < BLOCK_BYTES) continue;
      decipher = open(iv);
      rest = chunk.subarray(missing);
    }
    const plain = decipher.update(rest);
    if (plain.length > 0) yield plain;
  }
  if (decipher === null) throw new SluiceError('size_mismatch');
  const last = decipher.final();
  if (last.length > 0) yield last;
}

/**
 * What follows the bytes that are on the disk already.
 * @param saved with which the chunks have to begin
 * @throws FileChanged
 */
export async function* afterSeam(chunks: AsyncIterable<Buffer>, saved: Buffer): AsyncGenerator<Buffer> {
  let compared = 0;
  for await (const chunk of chunks) {
    const same = saved.subarray(compared, compared + chunk.length);
    if (!same.equals(chunk.subarray(0, same.length))) throw new FileChanged();
    compared += same.length;
    if (chunk.length > same.length) yield chunk.subarray(same.length);
  }
  if (compared < saved.length) throw new FileChanged();
}
