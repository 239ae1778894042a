/** One start of a track: fetches the fragments that are missing, and appends them in order. */
import { fragmentAt, secondsOf } from '../../../foreign/playlist/fragments.ts';
import type { SluiceError } from '../../../protocol/error.ts';
import { appendAt } from './append-at.server.ts';
import { FileChanged, type SeenFile } from './fragment-place.ts';
import { FragmentPart, type PartKeeper, type PartNote } from './fragment-part.server.ts';
import { compareSavedFilm } from './saved-film.server.ts';
import type { TrackJob } from './track-job.ts';
import { TrackStateFile } from './track-state-file.server.ts';
import { fragmentFiles, fragmentPath, MAX_SAVED_FILES, type TrackState } from './track-state.server.ts';
import { type TrackSnapshot, TrackSync } from './track-sync.server.ts';

export class TrackFetch {
  readonly #job: TrackJob;
  readonly #path: string;
  readonly #state: TrackState;
  readonly #stateFile: TrackStateFile;
  /** Whole fragments that wait to be appended. */
  readonly #waiting = new Set<number>();
  readonly #begun = new Map<number, FragmentPart>();
  #next: number;
  #appending: Promise<void> = Promise.resolve();
  #hasFailed = false;
  #syncFailure: SluiceError | null = null;
  #discarding: Promise<void> = Promise.resolve();

  /** @param state of the track in `path`; is changed */
  constructor(job: TrackJob, path: string, state: TrackState) {
    this.#job = job;
    this.#path = path;
    this.#state = state;
    this.#stateFile = new TrackStateFile(path, state);
    this.#next = state.fragments;
  }

  /** @throws FileChanged, SluiceError as FragmentFetcher, `disk_*`; the signal's reason */
  async run(concurrency: number): Promise<void> {
    const { fetcher, signal } = this.#job;
    const sync = await TrackSync.start({
      path: this.#path,
      snapshot: () => this.#snapshot(),
      onFailure: (error, isUnsynced) => {
        this.#syncFailure = error;
        fetcher.stop(error);
        if (isUnsynced) this.#discarding = this.#stateFile.discard().catch(() => undefined);
      },
      ...this.#job.sync,
    });
    let isDone = false;
    try {
      // at once: a sync in between would note the one kind only
      sync.add((await this.#findBegun(sync)) + (await this.#findWhole(sync)));
      await this.#append(sync);
      const workers = Array.from({ length: concurrency }, () =>
        this.#fetchAll(sync).catch((thrown: unknown) => {
          this.#hasFailed = true;
          throw thrown;
        }),
      );
      const results = await Promise.allSettled(workers);
      signal.throwIfAborted();
      this.#throwIfUnsynced();
      for (const result of results) if (result.status === 'rejected') throw result.reason;
      isDone = true;
    } finally {
      await sync.stop({ isDone });
      await this.#stateFile.flush();
      await this.#discarding;
    }
    this.#throwIfUnsynced();
  }

  #throwIfUnsynced(): void {
    if (this.#syncFailure !== null) throw this.#syncFailure;
  }

  /** @returns their bytes */
  async #findBegun(sync: TrackSync): Promise<number> {
    let bytes = 0;
    for (const [index, note] of this.#state.parts) {
      const part = await FragmentPart.find(this.#pathOf(index), note, this.#keeperOf(index, sync));
      bytes += part.bytes;
      if (part.note !== null) this.#begun.set(index, part);
      else await this.#keeperOf(index, sync).remove();
    }
    return bytes;
  }

  /** @returns their bytes */
  async #findWhole(sync: TrackSync): Promise<number> {
    const { fragments, onBytes, onFragments } = this.#job;
    let found = this.#state.bytes;
    onFragments(secondsOf(fragments, this.#state.fragments));
    for (const { index, bytes } of await fragmentFiles(this.#path)) {
      if (index < this.#state.fragments) await sync.remove(index);
      else if (index < fragments.count) {
        this.#waiting.add(index);
        found += bytes;
        onFragments(fragmentAt(fragments, index).durationSeconds);
      }
    }
    onBytes(found);
    return found;
  }

  async #fetchAll(sync: TrackSync): Promise<void> {
    const { fragments, fetcher, onBytes, onFragments } = this.#job;
    while (this.#next < fragments.count && !this.#hasFailed) {
      const index = this.#next++;
      if (index < this.#state.fragments || this.#waiting.has(index)) continue;
      const fragment = fragmentAt(fragments, index);
      await fetcher.fetch(fragment, this.#partOf(index, sync), {
        onBytes,
        onChanged: () => this.#confirmFilm(),
      });
      this.#waiting.add(index);
      this.#begun.delete(index);
      this.#setNote(index, null);
      onFragments(fragment.durationSeconds);
      await this.#inTurn(() => this.#append(sync));
    }
  }

  #partOf(index: number, sync: TrackSync): FragmentPart {
    const part =
      this.#begun.get(index) ?? FragmentPart.fresh(this.#pathOf(index), this.#keeperOf(index, sync));
    this.#begun.set(index, part);
    return part;
  }

  #keeperOf(index: number, sync: TrackSync): PartKeeper {
    return {
      add: (note) => {
        this.#setNote(index, note);
        this.#stateFile.saveSoon();
      },
      remove: () => {
        this.#setNote(index, null);
        return this.#stateFile.save();
      },
      written: (bytes) => sync.add(bytes),
    };
  }

  /** A begun fragment is another one on the server by now: the film may be. @throws FileChanged */
  async #confirmFilm(): Promise<void> {
    const { fragments, fetcher } = this.#job;
    await this.#inTurn(async () => {
      const film = { path: this.#path, state: this.#state, fragments, isSameAddress: true };
      const compared = await compareSavedFilm(film, fetcher);
      const isUnproven = compared === 'unknown' && this.#state.fragments > 0;
      if (compared === 'other' || isUnproven) throw new FileChanged();
    });
  }

  /** The track is changed by one at a time. */
  #inTurn(run: () => Promise<void>): Promise<void> {
    const done = this.#appending.then(run);
    // whoever waits for it gets the error
    this.#appending = done.catch(() => undefined);
    return done;
  }

  async #append(sync: TrackSync): Promise<void> {
    const state = this.#state;
    while (this.#waiting.has(state.fragments)) {
      const index = state.fragments;
      const before = state.bytes;
      state.bytes = await appendAt(this.#path, before, this.#pathOf(index));
      state.lastBytes = state.bytes - before;
      state.fragments = index + 1;
      this.#recordFile(index);
      await this.#stateFile.save();
      this.#waiting.delete(index);
      await sync.remove(index);
    }
  }

  #recordFile(index: number): void {
    const { fragments, fetcher } = this.#job;
    const { url, range } = fragmentAt(fragments, index);
    const seen = range === null ? null : fetcher.seenAt(url);
    if (seen === null) return;
    const others = this.#state.files.filter(([saved]) => fragmentAt(fragments, saved).url !== url);
    this.#state.files = [...others, [index, seen] satisfies [number, SeenFile]].slice(-MAX_SAVED_FILES);
  }

  #setNote(index: number, note: PartNote | null): void {
    const others = this.#state.parts.filter(([noted]) => noted !== index);
    this.#state.parts = note === null ? others : [...others, [index, note]];
  }

  #snapshot(): TrackSnapshot {
    const state = structuredClone(this.#state);
    const waiting = [...this.#waiting].filter((index) => index >= state.fragments);
    return { state, waiting, begun: [...this.#begun] };
  }

  #pathOf(index: number): string {
    return fragmentPath(this.#path, index);
  }
}
