/**
 * Which downloads are so slow that they give their slot to a waiting one. They keep their bytes, wait behind the others, and
 * come again. Pure: times come from the clock that it is given.
 */
import { type RunnerClock, startTimer } from './clock.ts';

/** What a telephone modem received (56 kbit/s). Eight downloads that share 1 Mbit/s get twice that. */
export const FLOOR_BYTES_PER_SECOND = 8 * 1024;
/**
 * A rate is measured for so long, from the first byte of an attempt: as long as one may stand still before it counts as stalled
 * (`SLUICE_STALL_MS`). Connecting and comparing the seam take a few seconds of it, so that little is lost where all are slow.
 */
export const MEASURED_MS = 60_000;
/** A download that waits for the slot of a slow one waits this much longer at most. */
const CHECK_MS = 5_000;

export interface MeasuredDownload {
  /** Bytes of its file; null = not to be measured now: it has none in this attempt, could not go on from them, or joins. */
  receivedBytes(): number | null;
  /** Slots that its owner holds. */
  slots(): number;
  /** Whether its slot would go to another. */
  isSlotWanted(): boolean;
  /** Called when it has become slow, and when it no longer is; not once its watch has ended. */
  onSlow(isSlow: boolean): void;
  /** Its watch has to end soon after. */
  giveWay(): void;
}

interface Watched {
  readonly measured: MeasuredDownload;
  /** Of the measurement under way; null = none is. */
  begun: { at: number; bytes: number } | null;
  /** According to the last measurement. */
  isSlow: boolean;
}

export class SlowDownloads {
  readonly #clock: RunnerClock;
  /** Those that run longest come first. */
  readonly #watched = new Set<Watched>();
  /** Is giving its slot up: only one at a time, so that no two do so for the same waiting download. */
  #givingWay: Watched | null = null;
  #stopTimer: (() => void) | null = null;

  constructor(clock: RunnerClock) {
    this.#clock = clock;
  }

  /** @returns ends it, to be called once the slot is free; may be called again */
  watch(measured: MeasuredDownload): () => void {
    const watched: Watched = { measured, begun: null, isSlow: false };
    this.#watched.add(watched);
    if (this.#stopTimer === null) this.#schedule();
    return () => {
      if (!this.#watched.delete(watched)) return;
      if (this.#watched.size === 0) this.close();
      if (this.#givingWay !== watched) return;
      this.#givingWay = null;
      this.#letOneGiveWay();
    };
  }

  close(): void {
    this.#stopTimer?.();
    this.#stopTimer = null;
  }

  #schedule(): void {
    this.#stopTimer = startTimer(this.#clock, CHECK_MS, () => {
      this.#schedule();
      const now = this.#clock.now();
      for (const watched of this.#watched) {
        const wasSlow = watched.isSlow;
        measure(watched, now);
        if (watched.isSlow !== wasSlow) watched.measured.onSlow(watched.isSlow);
      }
      this.#letOneGiveWay();
    });
  }

  /** Of several slow ones, one of the owner that holds the most slots. */
  #letOneGiveWay(): void {
    if (this.#givingWay !== null) return;
    const slow = [...this.#watched].filter(
      ({ isSlow, measured }) => isSlow && measured.receivedBytes() !== null,
    );
    slow.sort((a, b) => b.measured.slots() - a.measured.slots());
    const found = slow.find(({ measured }) => measured.isSlotWanted());
    if (found === undefined) return;
    this.#givingWay = found;
    found.measured.giveWay();
  }
}

function measure(watched: Watched, now: number): void {
  const bytes = watched.measured.receivedBytes();
  const { begun } = watched;
  // Less than before: it began anew.
  if (bytes === null || begun === null || bytes < begun.bytes) {
    watched.isSlow = false;
    watched.begun = bytes === null ? null : { at: now, bytes };
    return;
  }
  const elapsedMs = now - begun.at;
  if (bytes - begun.bytes >= (FLOOR_BYTES_PER_SECOND * MEASURED_MS) / 1000) watched.isSlow = false;
  if (elapsedMs < MEASURED_MS) return;
  watched.isSlow = ((bytes - begun.bytes) / elapsedMs) * 1000 < FLOOR_BYTES_PER_SECOND;
  watched.begun = { at: now, bytes };
}
