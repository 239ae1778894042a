/** One download: one process of yt-dlp, in the job's work dir. */
import { basename } from 'node:path';
import { customAlphabet } from 'nanoid';
import { deserializeError } from '../../foreign/serialized-error.ts';
import { MAX_ERROR_LINES } from '../../foreign/limits.ts';
import type { Readers } from '../../foreign/port.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { EngineJob } from '../engine.ts';
import type { FetchedFile } from '../../files/fetched-file.ts';
import { runWhileSyncing } from '../../files/growing-files.server.ts';
import type { Sample } from '../../protocol/progress.ts';
import { contradiction } from '../contradiction.ts';
import { runProgram } from '../run-program.ts';
import type { Outlet, ProcessHost } from '../../process/process-host.ts';
import { createProgressParser } from '../progress/parser.ts';
import { type ProgressRecord, toSample } from '../progress/sample.ts';
import type { ProgressEvent } from '../progress/sink.ts';
import { sluicePrefix } from '../progress/sluice-template.ts';
import { MEDIA_PREFIX } from './arguments.ts';
import { dropUnsynced, growingFilesOf } from './resume.server.ts';
import { type CurrentPart, PartSizes, type SizeMismatch } from './part-sizes.server.ts';
import { CombinedProgress } from './combined-progress.ts';
import { requireWhole } from './listed-check.server.ts';
import { bytesOfOtherFiles, clearReports, hasRanges, readPlan, readResult } from './work-files.server.ts';

const makeNonce = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 12);

export interface YtDlpRun {
  job: EngineJob;
  processes: ProcessHost;
  readers: Readers;
  env: Record<string, string>;
  /** As in EngineCommand. */
  reads: readonly string[];
  files: Readonly<Record<string, string>>;
  /** As `signInInput`. */
  input?: string;
  outlet: Outlet | null;
  /** Whether `range-check.py` checks what is resumed. */
  resumes: boolean;
  /** Returns the argv, given the nonce that begins its progress lines. */
  argv: (nonce: string) => string[];
}

/**
 * Settles when nothing of yt-dlp runs any more. Its exit code and the file alone decide how it ended. A file whose announced
 * size changed when it was resumed is fetched again from byte 0, each once.
 * @throws SluiceError as Engine.download, `remote_contradiction`; the signal's reason after an abort
 */
export async function runYtDlp(run: YtDlpRun): Promise<FetchedFile> {
  const { workDir } = run.job;
  const sizes = await PartSizes.open(workDir);
  await dropUnsynced(workDir, sizes);
  return runWhileSyncing(growingFilesOf(workDir), () => runUntilConsistent(run, sizes));
}

async function runUntilConsistent(run: YtDlpRun, sizes: PartSizes): Promise<FetchedFile> {
  const startedOver = new Set<string>();
  for (;;) {
    const result = await runOnce(run, sizes);
    if (!('nowBytes' in result)) return result;
    // also before it fails: the next attempt must not resume those bytes
    await sizes.startOver(result);
    const { name, nowBytes, earlierBytes } = result;
    if (startedOver.has(name)) throw contradiction(nowBytes, nowBytes === earlierBytes ? null : earlierBytes);
    startedOver.add(name);
  }
}

async function runOnce(
  { job, processes, readers, env, resumes, argv, reads, files, input, outlet }: YtDlpRun,
  sizes: PartSizes,
): Promise<FetchedFile | SizeMismatch> {
  const nonce = makeNonce();
  const wrongSize = new AbortController();
  const progress = new YtDlpProgress(job, sizes, resumes, () => wrongSize.abort());
  await clearReports(job.workDir);
  const parser = createProgressParser(
    { engine: 'yt-dlp', prefix: sluicePrefix(nonce) },
    { sample: (_fd, record) => progress.sample(record), event: (event) => progress.event(event) },
  );
  const command = {
    argv: argv(nonce),
    cwd: job.workDir,
    env: { ...env, HOME: job.workDir, TMPDIR: job.workDir },
    ...{ reads, files, outlet },
    ...(input === undefined ? {} : { input }),
    signal: AbortSignal.any([job.signal, wrongSize.signal]),
  };
  const exit = await runProgram(processes, command, parser, job.onOutput);
  await progress.flush();
  job.signal.throwIfAborted();
  if (sizes.mismatch !== null) return sizes.mismatch;
  // Said by an ffmpeg that fetches a stream; of one that joins, yt-dlp prints only the last line.
  if (exit.isRefused) throw new SluiceError('not_media');
  if (exit.exitCode !== 0) {
    const { exitCode, signal } = exit;
    throw deserializeError(
      await readers.read('yt-dlp-failure', { lines: progress.errors, exitCode, signal }, job.signal),
    );
  }
  const result = await readResult(job.workDir, job.title);
  if (result !== null) {
    const probe = { processes, workDir: job.workDir, env: command.env, reads, signal: job.signal };
    await requireWhole(result.path, exit.isPartLeftOut, probe);
    return result;
  }
  // Our filter skips live streams: yt-dlp prints that and exits with 0.
  throw new SluiceError(progress.skipped ? 'live_stream' : 'no_media');
}

/** Turns the parsed output of yt-dlp into samples, phases and infos of the job. */
class YtDlpProgress {
  /** The last ERROR lines: a flood of them must not fill the memory. */
  readonly errors: string[] = [];
  /** yt-dlp skipped a file that exists already, or that our filter excludes. */
  skipped = false;
  readonly #job: EngineJob;
  readonly #sizes: PartSizes;
  readonly #mayResume: boolean;
  readonly #onWrongSize: () => void;
  readonly #combined = new CombinedProgress();
  /** Null before the first. */
  #currentPart: CurrentPart | null = null;
  /** The current part comes in fragments: yt-dlp notes how many it has, and goes on with the next. */
  #isFragmented = false;
  /** First byte of the next part, printed before its name. */
  #resumingAt = 0;
  #planReported = false;
  /** Between two parts the work dir is read; the newest sample waits for that. */
  #readingFiles: Promise<void> | null = null;
  #pendingSample: Sample | null = null;

  constructor(job: EngineJob, sizes: PartSizes, mayResume: boolean, onWrongSize: () => void) {
    this.#job = job;
    this.#sizes = sizes;
    this.#mayResume = mayResume;
    this.#onWrongSize = onWrongSize;
  }

  sample(record: ProgressRecord): void {
    if (!this.#hasExpectedSize(record)) return this.#onWrongSize();
    if (record.fragmented && !this.#isFragmented) {
      this.#isFragmented = true;
      this.#job.onInfo({ resumes: this.#mayResume });
    }
    const sample = toSample(record);
    if (this.#readingFiles === null) this.#job.onSample(this.#combined.add(sample));
    else this.#pendingSample = sample;
  }

  event(event: ProgressEvent): void {
    switch (event.type) {
      case 'part':
        this.#pendingSample = null;
        this.#isFragmented = false;
        this.#currentPart = partOf(event.destination, this.#resumingAt);
        this.#resumingAt = 0;
        if (this.#currentPart !== null && !this.#sizes.begin(this.#currentPart)) this.#onWrongSize();
        this.#beginPart(basename(event.destination));
        break;
      case 'resuming':
        this.#resumingAt = event.byte;
        break;
      case 'phase':
        if (event.phase === 'downloading') this.#job.onPhase('download');
        if (event.phase === 'merging' || event.phase === 'post-processing') this.#job.onPhase('finish');
        break;
      case 'error':
        if (this.errors.push(event.message) > MAX_ERROR_LINES) this.errors.shift();
        break;
      case 'skipped':
        this.skipped = true;
        this.#beginPart('');
        break;
      default:
        break;
    }
  }

  /** Resolves once everything is reported and saved. */
  async flush(): Promise<void> {
    await this.#readingFiles;
    await this.#sizes.saved();
    await this.#reportPlan();
  }

  /** Estimates are not compared, nor are sums of fragments. */
  #hasExpectedSize({ totalBytes, estimated, fragmented, finished }: ProgressRecord): boolean {
    const isExact = totalBytes > 0 && !estimated && !fragmented;
    if (this.#currentPart === null || !isExact) return true;
    return this.#sizes.check(this.#currentPart, totalBytes, finished);
  }

  #beginPart(name: string): void {
    const read = async (): Promise<void> => {
      await this.#reportPlan();
      const isResumable = this.#isFragmented || (await hasRanges(this.#job.workDir, name));
      this.#job.onInfo({ resumes: this.#mayResume && isResumable });
      this.#combined.begin(await bytesOfOtherFiles(this.#job.workDir, name).catch(() => 0));
    };
    const reading = (this.#readingFiles ?? Promise.resolve()).then(read, read).finally(() => {
      if (this.#readingFiles !== reading) return;
      this.#readingFiles = null;
      if (this.#pendingSample !== null) this.#job.onSample(this.#combined.add(this.#pendingSample));
      this.#pendingSample = null;
    });
    this.#readingFiles = reading;
  }

  /** Reports title and sizes once; yt-dlp writes them before its first file. */
  async #reportPlan(): Promise<void> {
    if (this.#planReported) return;
    const plan = await readPlan(this.#job.workDir);
    if (plan === null) return;
    this.#planReported = true;
    this.#combined.expect(plan.parts);
    const title = this.#job.title ?? plan.title;
    if (title !== null) this.#job.onInfo({ title });
  }
}

/** Null for a file that is not ours: names come from the output, where a title can look like one. */
function partOf(destination: string, resumedAt: number): CurrentPart | null {
  const name = basename(destination);
  return name.startsWith(MEDIA_PREFIX) ? { name, resumedAt } : null;
}
