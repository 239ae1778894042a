/** One start of a track: fetches the fragments that are missing, and appends them in order. */
import { rm } from 'node:fs/promises';
import { readAt } from '../../../files/read-at.server.ts';
import { fragmentAt, secondsOf } from '../../../foreign/playlist/fragments.ts';
import { SluiceError } from '../../../protocol/error.ts';
import { appendAt } from './append-at.server.ts';
import type { SeenFile } from '../head/reported.ts';
import { FileChanged } from './fragment-place.ts';
import { EXAMINED_BYTES, kindOf } from './fragment-kind.ts';
import { FragmentPart, type PartKeeper, type PartNote } from './fragment-part.server.ts';
import type { FragmentSources } from './fragment-sources.ts';
import { Mp4Times } from './mp4-times.server.ts';
import { requirePlayed, withFragment } from './played-time.ts';
import { compareSavedStream } from './saved-stream.server.ts';
import type { TrackJob } from './track-job.ts';
import { TrackStateFile } from './track-state-file.server.ts';
import { fragmentFiles, fragmentPath, MAX_SAVED_FILES, type TrackState } from './track-state.server.ts';
import { ExtraConnectionEnded, isBusyError, TrackWorkers } from './track-workers.ts';
import { type TrackSnapshot, TrackSync } from './track-sync.server.ts';
import { examineFragment, isRefusal, notMedia, type WholeFragment } from './whole-fragment.server.ts';

/** A server that sends an error as a fragment may send the fragment the next time. */
const MEDIA_TRIES = 2;

export class TrackFetch {
  readonly #job: TrackJob;
  readonly #path: string;
  readonly #sources: FragmentSources;
  readonly #state: TrackState;
  readonly #stateFile: TrackStateFile;
  readonly #mp4: Mp4Times;
  /** Whole fragments that wait to be appended. */
  readonly #waiting = new Map<number, WholeFragment>();
  /** Of the first fragment, and so of all. */
  #kind: WholeFragment['kind'] | null = null;
  /** The same, if it was appended by an earlier attempt. */
  #savedKind: WholeFragment['kind'] | null = null;
  readonly #begun = new Map<number, FragmentPart>();
  /** Of begun ones, those whose bytes are reported. */
  readonly #reported = new Set<number>();
  #appending: Promise<void> = Promise.resolve();
  #syncFailure: SluiceError | null = null;
  #discarding: Promise<void> = Promise.resolve();

  /** @param state of the track in `path`; is changed */
  constructor(job: TrackJob, path: string, sources: FragmentSources, state: TrackState) {
    this.#job = job;
    this.#sources = sources;
    this.#path = path;
    this.#state = state;
    this.#stateFile = new TrackStateFile(path, state);
    this.#mp4 = new Mp4Times(job.readers ?? null, job.signal, state.mp4);
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
      await this.#findKind();
      // at once: a sync in between would note the one kind only
      sync.add((await this.#findBegun(sync)) + (await this.#findWhole(sync)));
      await this.#append(sync);
      await this.#fetchAll(sync, concurrency).finally(() => {
        signal.throwIfAborted();
        this.#throwIfUnsynced();
      });
      const { totalSeconds, count } = this.#job.fragments;
      requirePlayed(this.#state.played, totalSeconds, count);
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

  async #findKind(): Promise<void> {
    const { bytes } = this.#state;
    if (bytes === 0) return;
    const { kind } = kindOf(await readAt(this.#path, 0, Math.min(bytes, EXAMINED_BYTES)), bytes);
    // an earlier version kept whatever came
    if (kind !== 'refused') this.#kind = this.#savedKind = kind;
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
        const whole = await this.#examine(index).catch((thrown: unknown) => {
          if (isRefusal(thrown)) return null;
          throw thrown;
        });
        if (whole === null) continue;
        this.#waiting.set(index, whole);
        found += bytes;
        onFragments(fragmentAt(fragments, index).durationSeconds);
      }
    }
    onBytes(found);
    return found;
  }

  #fetchAll(sync: TrackSync, concurrency: number): Promise<void> {
    const { fragments, onFragments, openExtra } = this.#job;
    const workers = new TrackWorkers({
      ...{ count: fragments.count, openExtra },
      isDone: (index) => index < this.#state.fragments || this.#waiting.has(index),
      fetch: async (index, extra) => {
        const whole = await this.#fetchWhole(index, sync, extra);
        this.#job.fetcher.hasMedia ||= whole.kind === 'media';
        this.#waiting.set(index, whole);
        this.#begun.delete(index);
        this.#setNote(index, null);
        onFragments(fragmentAt(fragments, index).durationSeconds);
        await this.#inTurn(() => this.#append(sync));
      },
    });
    return workers.run(concurrency);
  }

  /** From whichever host has it. */
  #fetchWhole(index: number, sync: TrackSync, extra: AbortSignal | null): Promise<WholeFragment> {
    const { fetcher, onBytes } = this.#job;
    return this.#sources.run(index, async (fragment, isBackup) => {
      const begun = this.#partOf(index, sync);
      if (isBackup && begun.bytes > 0) {
        onBytes(-begun.bytes);
        await begun.drop();
      }
      for (let tries = 1; ; tries++) {
        const part = this.#partOf(index, sync);
        const onChanged = (): Promise<void> => this.#confirmStream();
        const before = this.#reported.delete(index) ? part.bytes : 0;
        const fetched = fetcher.fetch(fragment, part, { onBytes, onChanged, extra });
        // It reports them again.
        if (before > 0) onBytes(-before);
        await fetched.catch((thrown: unknown) => {
          this.#reported.add(index);
          throw extra !== null && (extra.aborted || isBusyError(thrown))
            ? new ExtraConnectionEnded(thrown)
            : thrown;
        });
        this.#reported.add(index);
        try {
          return await this.#examine(index);
        } catch (thrown) {
          if (!isRefusal(thrown)) throw thrown;
          onBytes(-part.bytes);
          this.#begun.delete(index);
          this.#setNote(index, null);
          if (tries === MEDIA_TRIES) throw thrown;
        }
      }
    });
  }

  /** Removes the file of a whole fragment that is none. @throws SluiceError `not_media` */
  async #examine(index: number): Promise<WholeFragment> {
    const path = this.#pathOf(index);
    try {
      const { durationSeconds } = fragmentAt(this.#job.fragments, index);
      const whole = await examineFragment(path, durationSeconds, index === 0);
      if (this.#kind === 'media' && whole.kind === 'unknown') throw notMedia('of no known kind');
      return whole;
    } catch (thrown) {
      if (thrown instanceof SluiceError) await rm(path, { force: true });
      throw thrown;
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

  /** A begun fragment is another one on the server by now: the stream may be. @throws FileChanged */
  async #confirmStream(): Promise<void> {
    const { fragments, fetcher } = this.#job;
    await this.#inTurn(async () => {
      const stream = { path: this.#path, state: this.#state, fragments, isSameAddress: true };
      const compared = await compareSavedStream(stream, fetcher, this.#sources);
      const isUnproven = compared === 'unknown' && this.#state.fragments > 0;
      if (compared === 'other' || isUnproven) throw new FileChanged();
    });
  }

  /** The track is changed by one at a time. */
  #inTurn(run: () => Promise<void>): Promise<void> {
    const done = this.#appending.then(run);
    // the caller that waits for it gets the error
    this.#appending = done.catch(() => undefined);
    return done;
  }

  async #append(sync: TrackSync): Promise<void> {
    const state = this.#state;
    for (;;) {
      const index = state.fragments;
      const whole = this.#waiting.get(index);
      if (whole === undefined) return;
      this.#kind ??= whole.kind;
      // Of an earlier attempt, which may have got an error for it: the track begins anew.
      if (this.#savedKind === 'unknown' && whole.kind === 'media') throw new FileChanged();
      if (whole.kind !== this.#kind) {
        this.#waiting.delete(index);
        await rm(this.#pathOf(index), { force: true });
        throw notMedia('of another kind than the first');
      }
      const before = state.bytes;
      const after = await appendAt(this.#path, before, this.#pathOf(index), whole.skip);
      const { durationSeconds: listed, isDiscontinuous = false } = fragmentAt(this.#job.fragments, index);
      state.bytes = after;
      state.lastBytes = after - before;
      state.lastSkipped = whole.skip;
      const timing = whole.isMp4 ? await this.#mp4.timingOf(this.#pathOf(index)) : whole.timing;
      state.mp4 = this.#mp4.tracks;
      state.played = withFragment(state.played, { listed, timing, isDiscontinuous });
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
    const waiting = [...this.#waiting.keys()].filter((index) => index >= state.fragments);
    return { state, waiting, begun: [...this.#begun] };
  }

  #pathOf(index: number): string {
    return fragmentPath(this.#path, index);
  }
}
