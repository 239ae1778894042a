/** The body of a response on its way to a fragment's file: cut to the requested range, decrypted, compared at the seam. */
import type { Decipheriv } from 'node:crypto';
import { Readable } from 'node:stream';
import { SluiceError } from '../../../protocol/error.ts';
import type { HttpResponse } from '../client/client.server.ts';
import { codingsOf } from '../head/codings.ts';
import { BodyTooLong, decoded } from '../body/stream-body.server.ts';
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

/** The body of a response that is said to be all of a file ends where the file does not. */
export class WrongBodyEnd extends Error {
  /** It ends before the file, as after a connection that broke. */
  readonly isShort: boolean;

  constructor(isShort: boolean) {
    super();
    this.isShort = isShort;
  }
}

interface RangeEvents {
  /** Called with each piece's length before it is passed on. */
  onBytes?: ((bytes: number) => void) | undefined;
  /** Called with what comes before the range. */
  onSkipped?: ((bytes: Buffer) => void) | undefined;
}

/**
 * The requested range.
 * @throws BodyTooLong, WrongBodyEnd, SluiceError `size_mismatch`; what the events throw
 */
export async function* rangeOf(
  body: AsyncIterable<Buffer>,
  { skip, bodyBytes, unproven }: FragmentPlace,
  range: ByteRange | null,
  { onBytes, onSkipped }: RangeEvents = {},
): AsyncGenerator<Buffer> {
  const hasEnd = range !== null && range.end !== null;
  let before = skip;
  let left = hasEnd ? (range.end ?? 0) - range.start : Infinity;
  let received = 0;
  for await (const chunk of body) {
    received += chunk.length;
    if (bodyBytes !== null && received > bodyBytes) throw new BodyTooLong();
    if (received > (unproven?.totalBytes ?? Infinity)) throw new WrongBodyEnd(false);
    const from = Math.min(before, chunk.length);
    before -= from;
    if (from > 0) onSkipped?.(chunk.subarray(0, from));
    const part = chunk.subarray(from, Math.min(chunk.length, from + left));
    left -= part.length;
    if (part.length > 0) {
      onBytes?.(part.length);
      yield part;
    }
    if (left === 0 && bodyBytes === null && unproven === null) return;
  }
  if (unproven !== null) {
    const { totalBytes, partialBytes } = unproven;
    if (partialBytes.includes(received)) throw new WrongBodyEnd(false);
    if (totalBytes !== null && received < totalBytes) throw new WrongBodyEnd(true);
  }
  if ((hasEnd && left > 0) || (bodyBytes !== null && received < bodyBytes) || before > 0)
    throw new SluiceError('size_mismatch');
}

/**
 * @param from `middle`: of the chunks the block before is the initialisation vector of the rest (NIST SP 800-38A,
 * section 6.2)
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

/** Calls `onBytes` for what follows the first `before` bytes. */
export function countingAfter(before: number, onBytes: (bytes: number) => void): (bytes: number) => void {
  let left = before;
  return (bytes) => {
    const known = Math.min(left, bytes);
    left -= known;
    if (bytes > known) onBytes(bytes - known);
  };
}

/** Bytes that are on the disk, with which a body has to begin. */
interface SavedBytes {
  length: number;
  read: (start: number, length: number) => Promise<Buffer>;
}

/** So much of them is in memory at a time. */
const WINDOW_BYTES = 256 * 1024;

/** A body does not begin with the bytes that are on the disk. */
export class OtherBytes extends FileChanged {
  /** What came instead, up to a chunk; empty = it ended, after bytes that are all the same. */
  readonly received: Buffer;
  /** Where in the saved bytes it was noticed. */
  readonly at: number;

  constructor(received: Buffer, at: number) {
    super();
    this.received = received;
    this.at = at;
  }
}

/**
 * What follows the bytes that are on the disk already.
 * @param mustDiffer the body cannot be of their file, by its size
 * @throws OtherBytes, SluiceError `remote_contradiction`, the errno of the disk
 */
export async function* afterSeam(
  chunks: AsyncIterable<Buffer>,
  saved: SavedBytes,
  mustDiffer = false,
): AsyncGenerator<Buffer> {
  let compared = 0;
  let window: Buffer = Buffer.alloc(0);
  let windowStart = 0;
  for await (const chunk of chunks) {
    for (let done = 0; done < chunk.length;) {
      if (compared === saved.length) {
        if (mustDiffer) throw sameBytes();
        yield chunk.subarray(done);
        break;
      }
      if (compared === windowStart + window.length) {
        windowStart = compared;
        window = await saved.read(windowStart, Math.min(WINDOW_BYTES, saved.length - windowStart));
        // somebody has cut the file
        if (window.length === 0) throw new OtherBytes(chunk, compared);
      }
      const known = window.subarray(compared - windowStart, compared - windowStart + chunk.length - done);
      if (!known.equals(chunk.subarray(done, done + known.length)))
        throw new OtherBytes(chunk, compared - done);
      compared += known.length;
      done += known.length;
    }
  }
  if (compared < saved.length) throw new OtherBytes(Buffer.alloc(0), compared);
  if (mustDiffer) throw sameBytes();
}

function sameBytes(): SluiceError {
  return new SluiceError(
    'remote_contradiction',
    'The server reports another size than before for a file whose bytes are the same.',
  );
}

export function inMemory(bytes: Buffer): SavedBytes {
  return {
    length: bytes.length,
    read: (start, length) => Promise.resolve(bytes.subarray(start, start + length)),
  };
}
