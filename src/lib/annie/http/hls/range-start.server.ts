/**
 * How the 200 began that came in place of a range. It was the whole file, or its rest from the range on: a whole file that
 * begins as neither contradicts it. Both come from servers that answer a request for a range with the head of the whole.
 */
import { SluiceError } from '../../../protocol/error.ts';
import type { HttpResponse } from '../client/client.server.ts';
import { codingsOf } from '../head/codings.ts';
import { extentOf } from '../head/extent.ts';
import { isEvidence } from '../file/seam.server.ts';
import { readFirstBytes } from '../file/tail-check.server.ts';
import { relationOf, validatorsOf } from '../head/head.ts';

/** Fragments of MPEG-TS begin alike, with tables of some 564 bytes. */
const COMPARED_BYTES = 4096;
/** Fewer may be equal by chance. */
const MIN_COMPARED_BYTES = 16;

export interface RangeStart {
  response: HttpResponse;
  bytes: Buffer;
}

/** Null = it says nothing of the file. @throws the signal's reason */
export async function readStartOfWhole(
  response: HttpResponse,
  signal: AbortSignal,
): Promise<RangeStart | null> {
  const { status, head, body } = response;
  if (extentOf(status, head).kind !== 'whole' || codingsOf(head).length > 0) return null;
  // One that breaks so early is as one that did not come.
  const bytes = await readFirstBytes(body, COMPARED_BYTES, signal).catch(() => Buffer.alloc(0));
  signal.throwIfAborted();
  return { response, bytes };
}

/** Compares a whole file, as it arrives, with what came in place of a range of it. */
export class StartCheck {
  readonly #instead: Buffer;
  readonly #isComparable: boolean;
  /** Of `#instead`, compared with the start of the file. */
  #compared = 0;
  #isStart = true;

  /** @param instead null = the range was not requested, or refused */
  constructor(instead: RangeStart | null, whole: HttpResponse) {
    this.#instead = instead?.bytes ?? Buffer.alloc(0);
    const isOther =
      instead !== null &&
      relationOf(validatorsOf(instead.response.head), validatorsOf(whole.head)) === 'other';
    this.#isComparable = !isOther && isEvidence(this.#instead);
  }

  /** Of the file, before the range. */
  skipped(bytes: Buffer): void {
    const some = this.#instead.subarray(this.#compared, this.#compared + bytes.length);
    this.#isStart &&= some.equals(bytes.subarray(0, some.length));
    this.#compared += some.length;
  }

  /** The range. @throws SluiceError `remote_contradiction` before its first byte */
  async *of(range: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let start: Buffer | null = Buffer.alloc(0);
    for await (const chunk of range) {
      if (start === null) {
        yield chunk;
        continue;
      }
      start = Buffer.concat([start, chunk]);
      if (start.length < this.#instead.length) continue;
      this.#require(start);
      yield start;
      start = null;
    }
    if (start !== null && start.length > 0) {
      this.#require(start);
      yield start;
    }
  }

  #require(range: Buffer): void {
    const length = Math.min(range.length, this.#instead.length);
    const isTooShort = Math.min(length, this.#compared) < MIN_COMPARED_BYTES;
    if (!this.#isComparable || isTooShort || this.#isStart) return;
    if (range.subarray(0, length).equals(this.#instead.subarray(0, length))) return;
    throw new SluiceError(
      'remote_contradiction',
      'What the server sent in place of a range is neither the start of the file nor that range of it.',
    );
  }
}
