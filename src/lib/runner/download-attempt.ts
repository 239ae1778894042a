/**
 * One attempt at one download, from getting a slot to the finished file: which engine, what it reports, and how it
 * ends. Knows nothing of sessions, queues or other jobs.
 */
import { cleanTitle } from '../protocol/title.ts';
import { SluiceError } from '../protocol/error.ts';
import { mask } from '../protocol/redact.ts';
import type { Sample } from '../protocol/progress.ts';
import type { AttemptPhase, RecordedFile, StartJob } from '../protocol/runner.ts';
import type { Engine } from '../annie/engine.ts';
import type { FetchedFile } from '../files/fetched-file.ts';
import { explainAsPortal } from '../annie/http/failure/portal.ts';
import type { AttemptEnd, DownloadAttemptOptions } from './attempt-options.ts';
import { toKnownError, toFailure } from './failure.ts';
import { authorityOf } from '../protocol/unreachable.ts';
import { untilAborted } from '../protocol/until-aborted.ts';
import { occupiedBytes } from '../files/disk-space.server.ts';
import { WorkDirWatch } from '../files/work-dir-watch.server.ts';
import { FirstByteWait } from './first-byte-wait.ts';
import { explainByFiles } from './explain-by-files.ts';
import { OutputTail } from './output-tail.ts';
import { reservedOf, type SpaceUser } from './space-monitor.ts';
import { stallError, StallTimer } from './stall-timer.ts';
import { type EngineCall, tryEngines } from './try-engines.ts';

const BEGUN_BYTES = 65_536; // more than engines note of a download before its first byte

export class DownloadAttempt implements SpaceUser {
  readonly job: StartJob;
  /** As last passed to `onPhase`. */
  phase: AttemptPhase;
  sample: Sample | null = null;
  /** Bytes of the file came, beyond what earlier attempts had. */
  hasReceived = false;
  /** The engine that downloads has said that an attempt which ends now can be continued. */
  #resumes = false;
  /** `onLanded` was called. */
  hasLanded = false;
  /** Resolves, never rejects, once nothing of this attempt works or writes any more. */
  readonly ended: Promise<AttemptEnd>;
  readonly #options: DownloadAttemptOptions;
  readonly #controller = new AbortController();
  readonly #output = new OutputTail();
  #stallTimer: StallTimer | null = null;
  readonly #wait: FirstByteWait;
  /** On disk from earlier attempts. */
  #keptBytes = 0;
  #watch: WorkDirWatch | null = null;
  #isFetching = false;
  #releaseSpace: () => void = () => undefined;

  constructor(options: DownloadAttemptOptions) {
    this.#options = options;
    this.job = options.job;
    const { engine } = options.job;
    this.#wait = new FirstByteWait({
      clock: options.clock,
      // The engine itself limits how long it waits for a server to begin.
      onWaiting: (isWaiting) => this.#stallTimer?.hold(isWaiting),
      onLongWait: (isAwaiting) => this.#updatePhase({ isAwaiting }),
    });
    this.phase = { phase: engine === null ? 'parse' : 'download', engine, title: null, totalBytes: null };
    this.ended = this.#run();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The last 4 kB of output so far, without secrets. */
  get output(): string {
    return mask(this.#output.toString());
  }

  /** Bytes of the file; null = none came in this attempt, they could not be continued later, or they are being joined. */
  get resumableBytes(): number | null {
    const isLoading = this.hasReceived && this.phase.phase === 'download';
    return isLoading && this.#resumes ? (this.sample?.receivedBytes ?? null) : null;
  }

  get remainingBytes(): number {
    // Joining and converting write all that was fetched once more.
    if (this.phase.phase === 'finish') return this.sample?.receivedBytes ?? 0;
    const totalBytes = this.phase.totalBytes ?? this.sample?.totalBytes ?? this.job.totalBytes ?? 0;
    return Math.max(0, totalBytes - Math.max(this.sample?.receivedBytes ?? 0, this.#keptBytes));
  }

  get reservedBytes(): number {
    // Joining is local, and as fast as the disk.
    if (this.phase.phase === 'finish') return this.remainingBytes;
    return reservedOf(this.remainingBytes, this.sample?.bytesPerSecond ?? null);
  }

  /** Asks the engine to end; `ended` resolves when it has. A move of the file that has begun is completed. */
  abort(reason: SluiceError): void {
    this.#controller.abort(reason);
  }

  async #run(): Promise<AttemptEnd> {
    try {
      // The caller has stored this attempt before the first event.
      await Promise.resolve();
      this.signal.throwIfAborted();
      const file = await this.#fetch();
      this.#land();
      // Also after an abort: the file is there, and `done` must not say so before the disk holds it.
      await this.#options.folder.sync(this.job.download, file);
      return { how: 'done', file, output: this.output };
    } catch (thrown) {
      // An engine may wrap the abort in an error of its own: the reason for the abort counts.
      const reason = await this.#explain(thrown);
      return { how: 'failed', error: toFailure(reason), thrown: reason, output: this.output };
    } finally {
      this.#isFetching = false;
      this.#stallTimer?.stop();
      this.#wait.stop();
      this.#releaseSpace();
    }
  }

  checkFiles(): void {
    const { receivedBytes = 0 } = this.sample ?? {};
    void this.#watch?.isLost({ mayBeEmpty: receivedBytes === 0 }).then((isLost) => {
      if (isLost && this.#isFetching) this.abort(new SluiceError('work_removed'));
    });
  }

  async #explain(thrown: unknown): Promise<unknown> {
    const { session, job, reachability } = this.#options;
    const isAborted = this.signal.aborted && !this.hasLanded;
    const known: unknown = isAborted ? this.signal.reason : await this.#explainByDisk(toKnownError(thrown));
    return reachability.explain(session, job.url, known);
  }

  async #explainByDisk(thrown: SluiceError): Promise<SluiceError> {
    const explained = await this.#options.space.explain(thrown, this.output);
    // A sync that fails removes the work dir itself.
    if (explained !== thrown || this.hasLanded) return explained;
    return explainByFiles(thrown, this.#watch);
  }

  #land(): void {
    this.hasLanded = true;
    this.#stallTimer?.stop();
    this.#releaseSpace();
    this.#options.onLanded();
  }

  async #fetch(): Promise<RecordedFile> {
    const { session, job, folder, reachability, clock, stallMs } = this.#options;
    // Nothing is made on the disk for what is refused, as that may be all of a long list; what has come may be whole.
    if (reachability.isAway(authorityOf(job.url) ?? '') && !(await folder.hasWorkDir(job.download)))
      this.#throwIfAway();
    const { path: workDir, isNew } = await folder.prepare(session, job.download);
    const finished = isNew ? null : await folder.resumeFinish(job.download);
    if (finished !== null) {
      this.#updatePhase({ phase: 'finish', totalBytes: finished.bytes });
      return finished;
    }
    const fetched = isNew || job.sha256 === undefined ? null : await folder.findFetched(job.download);
    if (fetched !== null) {
      this.#updatePhase({ phase: 'finish', totalBytes: fetched.bytes });
      return this.#finish(fetched);
    }
    this.#throwIfAway();
    this.#watch = await WorkDirWatch.start(workDir);
    if (!isNew) this.#keptBytes = await occupiedBytes(workDir);
    await this.#reserveSpace();
    this.signal.throwIfAborted();
    this.#options.onPhase(this.phase);
    this.#stallTimer = new StallTimer(clock, stallMs, () => this.abort(stallError(stallMs)));
    const choosing = this.#chooseEngines(isNew ? null : workDir);
    const engines = await untilAborted(choosing, this.signal).catch((thrown: unknown) => {
      throw this.#keptBytes >= BEGUN_BYTES ? explainAsPortal(thrown, job.url) : thrown;
    });
    this.#isFetching = true;
    const result = await this.#download(engines, workDir);
    this.#isFetching = false;
    this.signal.throwIfAborted();
    this.#stallTimer.stop();
    this.#releaseSpace();
    // Before the phase is reported: after a kill from here on nothing is fetched again.
    if (job.sha256 !== undefined) await folder.recordFetched(job.download, result);
    this.#updatePhase({ phase: 'finish' });
    return this.#finish(result);
  }

  #throwIfAway(): void {
    const { session, job, reachability } = this.#options;
    const away = reachability.refusal(session, job.url);
    if (away !== null) throw away;
  }

  /** Checks the hash first: a file with another one never gets a name in the download dir. */
  async #finish(result: FetchedFile): Promise<RecordedFile> {
    const { job, folder } = this.#options;
    if (job.sha256 !== undefined) {
      await folder.check(job.download, result, job.sha256, this.signal);
      this.signal.throwIfAborted();
    }
    return folder.finish(job.download, result, job.filename);
  }

  async #reserveSpace(): Promise<void> {
    const { space } = this.#options;
    this.#releaseSpace = space.register(this);
    await space.require(this);
  }

  /** To be called when `remainingBytes` becomes known or grows. */
  #checkSpace(): void {
    this.#options.space.require(this).catch((reason: SluiceError) => this.abort(reason));
  }

  /** @param begunIn the work dir of earlier attempts */
  #chooseEngines(begunIn: string | null): Promise<Engine[]> {
    const { job, registry } = this.#options;
    return registry.choose(job.url, job.engine, this.signal, {
      onBytes: () => this.#onBytes(),
      onWaiting: (isWaiting) => this.#wait.update(isWaiting),
      isListed: job.foundOn !== undefined,
      ...(begunIn === null ? {} : { workDir: begunIn }),
    });
  }

  #download(engines: Engine[], workDir: string): Promise<FetchedFile> {
    return tryEngines(engines, this.signal, (engine, call) => {
      this.#resumes = false;
      this.#updatePhase({ phase: 'download', engine: engine.name, title: null, totalBytes: null });
      return engine.download(this.#engineJob(workDir, call));
    });
  }

  #engineJob(workDir: string, call: EngineCall): Parameters<Engine['download']>[0] {
    const { url, streamId, title: listedTitle, foundOn } = this.job;
    const whileActive = <Args extends unknown[]>(handle: (...args: Args) => void) => {
      return (...args: Args): void => {
        if (!call.isOver && !this.signal.aborted) handle(...args);
      };
    };
    return {
      ...{ url, streamId, workDir },
      ...(listedTitle === undefined ? {} : { title: listedTitle }),
      ...(foundOn === undefined ? {} : { foundOn }),
      signal: this.signal,
      openExtra: () => this.#options.openExtra(),
      onBytes: whileActive(() => this.#onBytes()),
      onWaiting: whileActive((isWaiting) => this.#wait.update(isWaiting)),
      onSample: whileActive((sample) => {
        if (sample.receivedBytes > 0) call.hasBytes = true;
        if (sample.receivedBytes > (this.sample?.receivedBytes ?? this.#keptBytes)) this.hasReceived = true;
        if (sample.receivedBytes !== this.sample?.receivedBytes) this.#onBytes();
        const isSized = (this.sample?.totalBytes ?? this.phase.totalBytes) !== null;
        this.sample = sample;
        if (!isSized && sample.totalBytes !== null) this.#checkSpace();
        this.#options.onSample(sample);
      }),
      onPhase: whileActive((phase) => {
        // Joining and converting receive no bytes: only downloading can stall.
        if (phase === 'finish') this.#stallTimer?.stop();
        else this.#stallTimer?.restart();
        this.#updatePhase({ phase });
        if (phase === 'finish') this.#checkSpace();
      }),
      onInfo: whileActive(({ title, totalBytes, gapSeconds, lowered, resumes = this.#resumes }) => {
        this.#stallTimer?.restart();
        this.#resumes = resumes;
        this.#updatePhase({
          ...(title === undefined ? {} : { title: cleanTitle(title) }),
          ...(totalBytes === undefined ? {} : { totalBytes }),
          ...(gapSeconds === undefined ? {} : { gapSeconds }),
          ...(lowered === undefined ? {} : { lowered }),
        });
        if (totalBytes != null) this.#checkSpace();
      }),
      // Also after an abort: the last lines explain most.
      onOutput: (text) => {
        if (!call.isOver) this.#output.append(text);
      },
    };
  }

  #onBytes(): void {
    this.#stallTimer?.restart();
    this.#options.reachability.received(this.job.url);
  }

  /** Reports the phase if the change is one. */
  #updatePhase(change: Partial<AttemptPhase>): void {
    const next = { ...this.phase, ...change };
    const keys = Object.keys(change) as (keyof AttemptPhase)[];
    if (keys.every((key) => next[key] === this.phase[key])) return;
    this.phase = next;
    this.#options.onPhase(next);
  }
}
