/**
 * The pages and manifests that are being received, over all look-ups and downloads. Past a limit of bytes in total the longest
 * is given up, so that many long ones do not fill the memory. Past its first MiB each waits for its turn, so that they leave the
 * main thread to short ones.
 */
import { GatheredBytes } from '../../../foreign/gathered-bytes.ts';
import { MAX_RECEIVED_BYTES, MAX_SMALL_BYTES } from '../../../foreign/limits.ts';
import { SluiceError } from '../../../protocol/error.ts';

/** Between two turns, of all texts, in which one receives a MiB: 50 MB/s. Ten hours with signed addresses take 0.1 s longer. */
const TURN_MS = 20;

export class ReceivedTexts {
  readonly #maxBytes: number;
  readonly #texts = new Set<ReceivedText>();
  #bytes = 0;
  #nextTurnMs = 0;

  constructor(maxBytes = MAX_RECEIVED_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** A new text. `end` must be called on it. */
  begin(): ReceivedText {
    const text = new ReceivedText({
      count: (bytes) => this.#count(bytes),
      turn: () => this.#turn(),
      remove: () => this.#texts.delete(text),
    });
    this.#texts.add(text);
    return text;
  }

  /** Turns come in the order in which they were waited for. */
  async #turn(): Promise<void> {
    const nowMs = performance.now();
    const atMs = Math.max(nowMs, this.#nextTurnMs);
    this.#nextTurnMs = atMs + TURN_MS;
    await new Promise((resolve) => setTimeout(resolve, atMs - nowMs));
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#maxBytes) return;
    [...this.#texts].reduce((a, b) => (b.length > a.length ? b : a)).giveUp();
  }
}

interface Shared {
  count: (bytes: number) => void;
  turn: () => Promise<void>;
  remove: () => void;
}

class ReceivedText {
  readonly #shared: Shared;
  readonly #gathered = new GatheredBytes();
  #isGivenUp = false;
  /** What may be received without another turn. */
  #allowed = MAX_SMALL_BYTES;
  #surplus = 0;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  get length(): number {
    return this.#gathered.length;
  }

  /** What it costs to receive, in bytes: at least as many as it has. */
  get cost(): number {
    return this.length + this.#surplus;
  }

  /** @param bytes that count for the small pieces in which it arrives, so far */
  setSurplus(bytes: number): void {
    this.#surplus = bytes;
  }

  /** Copies the chunk. @throws SluiceError `too_many_requests` once the text is given up */
  add(chunk: Uint8Array): void {
    if (!this.#isGivenUp) {
      this.#gathered.add(chunk);
      this.#shared.count(chunk.length);
    }
    if (this.#isGivenUp) throw new SluiceError('too_many_requests');
  }

  /** Resolves when more may be received. */
  async turn(): Promise<void> {
    while (this.cost >= this.#allowed) {
      this.#allowed += MAX_SMALL_BYTES;
      await this.#shared.turn();
    }
  }

  /** As `GatheredBytes.firstBytes`. */
  firstBytes(length: number): Uint8Array {
    return this.#gathered.firstBytes(length);
  }

  /** All bytes, which no longer count. */
  take(): Uint8Array[] {
    this.#shared.count(-this.length);
    return this.#gathered.take();
  }

  giveUp(): void {
    this.#isGivenUp = true;
    this.take();
  }

  /** Idempotent. */
  end(): void {
    this.take();
    this.#shared.remove();
  }
}
