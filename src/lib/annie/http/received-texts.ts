/**
 * The pages and manifests that are being received, over all look-ups and downloads. Past a limit of bytes in total the longest
 * is given up, so that many long ones neither fill the memory nor stop short ones. Pure.
 */
import { GatheredBytes } from '../../foreign/gathered-bytes.ts';
import { MAX_RECEIVED_BYTES } from '../../foreign/limits.ts';
import { SluiceError } from '../../protocol/error.ts';

export class ReceivedTexts {
  readonly #maxBytes: number;
  readonly #texts = new Set<ReceivedText>();
  #bytes = 0;

  constructor(maxBytes = MAX_RECEIVED_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** A new text. `end` must be called on it. */
  begin(): ReceivedText {
    const text = new ReceivedText(
      (bytes) => this.#count(bytes),
      () => this.#texts.delete(text),
    );
    this.#texts.add(text);
    return text;
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#maxBytes) return;
    [...this.#texts].reduce((a, b) => (b.length > a.length ? b : a)).giveUp();
  }
}

class ReceivedText {
  readonly #count: (bytes: number) => void;
  readonly #remove: () => void;
  readonly #gathered = new GatheredBytes();
  #isGivenUp = false;

  constructor(count: (bytes: number) => void, remove: () => void) {
    this.#count = count;
    this.#remove = remove;
  }

  get length(): number {
    return this.#gathered.length;
  }

  /** Copies the chunk. @throws SluiceError `too_many_requests` once the text is given up */
  add(chunk: Uint8Array): void {
    if (!this.#isGivenUp) {
      this.#gathered.add(chunk);
      this.#count(chunk.length);
    }
    if (this.#isGivenUp) throw new SluiceError('too_many_requests');
  }

  /** As `GatheredBytes.peek`. */
  peek(length: number): Uint8Array {
    return this.#gathered.peek(length);
  }

  /** All bytes, which no longer count. */
  take(): Uint8Array[] {
    this.#count(-this.length);
    return this.#gathered.take();
  }

  giveUp(): void {
    this.#isGivenUp = true;
    this.take();
  }

  /** Idempotent. */
  end(): void {
    this.take();
    this.#remove();
  }
}
