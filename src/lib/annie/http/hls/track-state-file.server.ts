/** Writes the state of a track that is being fetched: callers that come while one write runs share the next. */
import { rm } from 'node:fs/promises';
import { saveTrackState, type TrackState } from './track-state.server.ts';

/** A fragment that takes less than this needs no note: to fetch it again costs less. */
const SOON_MS = 50;

export class TrackStateFile {
  readonly #path: string;
  readonly #state: TrackState;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isDiscarded = false;

  constructor(path: string, state: TrackState) {
    this.#path = path;
    this.#state = state;
  }

  /** For what only costs bytes if it is not saved: a full disk shows up in the writes of the bytes themselves. */
  saveSoon(): void {
    this.#timer ??= setTimeout(() => void this.flush(), SOON_MS);
  }

  /** Saves at once what was to be saved soon. Resolves when nothing is written any more. */
  async flush(): Promise<void> {
    if (this.#timer !== null) await this.save().catch(() => undefined);
    await this.#running;
  }

  /** Resolves once the state is saved as it is now, or newer. @throws the errno of the disk */
  save(): Promise<void> {
    this.#next ??= this.#enqueue(async () => {
      this.#next = null;
      clearTimeout(this.#timer ?? undefined);
      this.#timer = null;
      if (!this.#isDiscarded) await saveTrackState(this.#path, this.#state);
    });
    return this.#next;
  }

  /** As after a power cut: only what was noted as synced is trusted from now on. */
  discard(): Promise<void> {
    this.#isDiscarded = true;
    return this.#enqueue(() => rm(`${this.#path}.json`, { force: true }));
  }

  #enqueue(write: () => Promise<void>): Promise<void> {
    const written = this.#running.then(write);
    this.#running = written.catch(() => undefined);
    return written;
  }
}
