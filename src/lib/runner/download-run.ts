/**
 * One attempt at one download, from its place in the queue to the finished file: which engine, what it reports,
 * and how it ended. Knows nothing of sessions, queues or other jobs.
 */
import { cleanTitle } from '../protocol/title.ts';
import { SluiceError } from '../protocol/error.ts';
import type { EngineName } from '../protocol/media.ts';
import type { Sample } from '../protocol/progress.ts';
import type { DownloadedFile, RunnerFailure, RunnerPhase, StartJob } from '../protocol/runner.ts';
import type { Engine } from '../annie/engine.ts';
import type { FetchedFile } from '../files/fetched-file.ts';
import { anotherMayKnow, mostTelling, type Registry } from '../annie/registry.ts';
import type { Clock } from './clock.ts';
import { known, toFailure, untilAborted } from './failure.ts';
import type { DownloadFolder } from '../files/download-folder.server.ts';
import { OutputTail } from './output-tail.ts';
import type { SpaceUser, SpaceWatch } from './space.ts';
import { StallWatch } from './stall.ts';

export interface RunPhase {
  phase: RunnerPhase;
  engine: EngineName | null;
  title: string | null;
  totalBytes: number | null;
}

export type RunEnd =
  | { how: 'done'; file: DownloadedFile; output: string }
  | { how: 'failed'; error: RunnerFailure; thrown: unknown; output: string };

export interface RunOptions {
  /** Whose it is. */
  session: string;
  job: StartJob;
  registry: Pick<Registry, 'choose'>;
  folder: DownloadFolder;
  space: SpaceWatch;
  clock: Clock;
  /** ms without a byte until the engine is given up with `engine_stalled`; Infinity = never. */
  stallMs: number;
  onPhase: (phase: RunPhase) => void;
  onSample: (sample: Sample) => void;
}

export class DownloadRun implements SpaceUser {
  readonly job: StartJob;
  /** What the last `onPhase` said. */
  phase: RunPhase;
  sample: Sample | null = null;
  /** Resolves, never rejects, once nothing of this run works or writes any more. */
  readonly ended: Promise<RunEnd>;
  readonly #options: RunOptions;
  readonly #controller = new AbortController();
  readonly #output = new OutputTail();
  #stall: StallWatch | null = null;
  /** On disk from earlier attempts. */
  #keptBytes = 0;
  #leaveSpace: () => void = () => undefined;

  constructor(options: RunOptions) {
    this.#options = options;
    this.job = options.job;
    const { engine } = options.job;
    this.phase = { phase: engine === null ? 'parse' : 'download', engine, title: null, totalBytes: null };
    this.ended = this.#run();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The last 4 kB of output so far. */
  get output(): string {
    return this.#output.toString();
  }

  /** As `SpaceUser`. */
  get bytesToCome(): number {
    // Joining and converting write all that was fetched once more.
    if (this.phase.phase === 'finish') return this.sample?.receivedBytes ?? 0;
    const totalBytes = this.phase.totalBytes ?? this.sample?.totalBytes ?? this.job.totalBytes ?? 0;
    return Math.max(0, totalBytes - Math.max(this.sample?.receivedBytes ?? 0, this.#keptBytes));
  }

  stop(reason: SluiceError): void {
    this.abort(reason);
  }

  /** Asks the engine to end; `ended` says when it has. A file that is already being moved still lands. */
  abort(reason: SluiceError): void {
    this.#controller.abort(reason);
  }

  async #run(): Promise<RunEnd> {
    try {
      // the caller gets its hands on this run before the first event
      await Promise.resolve();
      this.signal.throwIfAborted();
      const file = await this.#fetch();
      return { how: 'done', file, output: this.output };
    } catch (thrown) {
      // an engine may dress up the abort; why it was aborted is what counts
      const reason: unknown = this.signal.aborted
        ? this.signal.reason
        : await this.#options.space.explain(known(thrown), this.output);
      return { how: 'failed', error: toFailure(reason), thrown: reason, output: this.output };
    } finally {
      this.#stall?.stop();
      this.#leaveSpace();
    }
  }

  async #fetch(): Promise<DownloadedFile> {
    const { session, job, registry, folder } = this.#options;
    const { path: workDir, isNew } = await folder.prepare(session, job.download);
    const landed = isNew ? null : await folder.resume(job.download);
    if (landed !== null) {
      this.#tell({ phase: 'finish', totalBytes: landed.bytes });
      return landed;
    }
    const fetched = isNew || job.sha256 === undefined ? null : await folder.fetched(job.download);
    if (fetched !== null) {
      this.#tell({ phase: 'finish', totalBytes: fetched.bytes });
      return this.#finish(fetched);
    }
    if (!isNew) this.#keptBytes = await folder.occupied(workDir);
    await this.#findRoom();
    this.signal.throwIfAborted();
    this.#options.onPhase(this.phase);
    this.#stall = this.#watch();
    const engines = await untilAborted(registry.choose(job.url, job.engine, this.signal), this.signal);
    const result = await this.#download(engines, workDir);
    this.signal.throwIfAborted();
    this.#stall.stop();
    this.#leaveSpace();
    // Before anybody hears of it: who is killed from here on has nothing to fetch again.
    if (job.sha256 !== undefined) await folder.keep(job.download, result);
    this.#tell({ phase: 'finish' });
    return this.#finish(result);
  }

  /** What was hashed, and is as expected, is moved: nothing else gets its name in the folder. */
  async #finish(result: FetchedFile): Promise<DownloadedFile> {
    const { job, folder } = this.#options;
    if (job.sha256 !== undefined) {
      await folder.check(job.download, result, job.sha256, this.signal);
      this.signal.throwIfAborted();
    }
    return folder.finish(job.download, result, job.filename);
  }

  async #findRoom(): Promise<void> {
    const { space } = this.#options;
    this.#leaveSpace = space.enter(this);
    await space.require(this);
  }

  /** The size is known now. */
  #checkRoom(): void {
    this.#options.space.require(this).catch((reason: SluiceError) => this.abort(reason));
  }

  /** The first engine that can; one that says it cannot, before any byte, hands over to the next. */
  async #download(engines: Engine[], workDir: string): Promise<FetchedFile> {
    const failures: unknown[] = [];
    for (const engine of engines) {
      this.signal.throwIfAborted();
      this.#tell({ phase: 'download', engine: engine.name, title: null, totalBytes: null });
      const call = new EngineCall();
      try {
        return await engine.download(this.#engineJob(workDir, call));
      } catch (thrown) {
        if (this.signal.aborted || call.bytesSeen || !this.#nextMayKnow(thrown)) throw thrown;
        failures.push(thrown);
      } finally {
        call.over = true;
      }
    }
    throw mostTelling(failures);
  }

  /** A stream id found by one engine means nothing to the others. */
  #nextMayKnow(thrown: unknown): boolean {
    return anotherMayKnow(thrown) || (thrown instanceof SluiceError && thrown.code === 'stream_not_found');
  }

  #engineJob(workDir: string, call: EngineCall): Parameters<Engine['download']>[0] {
    const { url, streamId } = this.job;
    const listen = <Args extends unknown[]>(heard: (...args: Args) => void) => {
      return (...args: Args): void => {
        if (!call.over && !this.signal.aborted) heard(...args);
      };
    };
    return {
      url,
      streamId,
      workDir,
      signal: this.signal,
      onSample: listen((sample) => {
        if (sample.receivedBytes > 0) call.bytesSeen = true;
        if (sample.receivedBytes !== this.sample?.receivedBytes) this.#stall?.alive();
        const isSized = (this.sample?.totalBytes ?? this.phase.totalBytes) !== null;
        this.sample = sample;
        if (!isSized && sample.totalBytes !== null) this.#checkRoom();
        this.#options.onSample(sample);
      }),
      onPhase: listen((phase) => {
        // joining and converting move no byte of the network: only downloading can stall
        if (phase === 'finish') this.#stall?.stop();
        else this.#stall?.alive();
        this.#tell({ phase });
        if (phase === 'finish') this.#checkRoom();
      }),
      onInfo: listen(({ title, totalBytes }) => {
        this.#stall?.alive();
        this.#tell({
          ...(title === undefined ? {} : { title: cleanTitle(title) }),
          ...(totalBytes === undefined ? {} : { totalBytes }),
        });
        if (totalBytes != null) this.#checkRoom();
      }),
      // also after an abort: the last words explain most
      onOutput: (text) => {
        if (!call.over) this.#output.append(text);
      },
    };
  }

  #watch(): StallWatch {
    const { clock, stallMs } = this.#options;
    return new StallWatch(clock, stallMs, () => {
      this.abort(new SluiceError('engine_stalled', `No byte arrived for ${Math.round(stallMs / 1000)} s.`));
    });
  }

  #tell(change: Partial<RunPhase>): void {
    const next = { ...this.phase, ...change };
    const keys = Object.keys(change) as (keyof RunPhase)[];
    if (keys.every((key) => next[key] === this.phase[key])) return;
    this.phase = next;
    this.#options.onPhase(next);
  }
}

/** What one engine did during one call; what it says after that is not heard. */
class EngineCall {
  over = false;
  bytesSeen = false;
}
