/** Writes the state of a track that is being fetched: whoever asks while one write runs shares the next. */
import { rm } from 'node:fs/promises';
import { saveTrackState, type TrackState } from './track-state.server.ts';

export class TrackStateFile {
  readonly #path: string;
  readonly #state: TrackState;
  #running: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;
  #isDiscarded = false;

  constructor(path: string, state: TrackState) {
    this.#path = path;
    this.#state = state;
  }

  /** Resolves once the state is saved as it is now, or newer. @throws the errno of the disk */
  save(): Promise<void> {
    this.#next ??= this.#enqueue(async () => {
      this.#next = null;
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
