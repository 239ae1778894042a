/** One download: one yt-dlp process, in the job's own dir. */
import { basename } from 'node:path';
import { customAlphabet } from 'nanoid';
import { SluiceError } from '../../protocol/error.ts';
import type { EngineJob, EngineResult } from '../engine.ts';
import type { Sample } from '../../protocol/progress.ts';
import type { ProcessHost } from '../process.ts';
import { createProgressParser } from '../progress/parser.ts';
import { type ProgressRecord, toSample } from '../progress/sample.ts';
import type { ProgressEvent } from '../progress/sink.ts';
import { sluicePrefix } from '../progress/sluice-template.ts';
import { failureOf } from './failure.ts';
import { Parts } from './parts.ts';
import { bytesBeside, clearTold, readFound, readResult } from './work-files.server.ts';

const makeNonce = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 12);

export interface DownloadRun {
  job: EngineJob;
  processes: ProcessHost;
  env: Record<string, string>;
  /** The argv, given the nonce that begins its progress lines. */
  argv: (nonce: string) => string[];
}

/**
 * Settles when nothing of yt-dlp runs any more. How it ended is told by its exit code and the file alone.
 * @throws SluiceError as Engine.download; the signal's reason after an abort
 */
export async function runDownload({ job, processes, env, argv }: DownloadRun): Promise<EngineResult> {
  const nonce = makeNonce();
  const watch = new DownloadWatch(job);
  await clearTold(job.workDir);
  const parser = createProgressParser(
    { engine: 'yt-dlp', prefix: sluicePrefix(nonce) },
    { sample: (_fd, record) => watch.sample(record), event: (event) => watch.event(event) },
  );
  const decoders = { 1: new TextDecoder(), 2: new TextDecoder() };
  const exit = await processes.run({
    argv: argv(nonce),
    cwd: job.workDir,
    env: { ...env, TMPDIR: job.workDir },
    signal: job.signal,
    onChunk: (fd, chunk) => {
      job.onOutput(decoders[fd].decode(chunk, { stream: true }));
      parser.push(fd, chunk);
    },
  });
  parser.end();
  await watch.settled();
  job.signal.throwIfAborted();
  if (exit.exitCode !== 0) throw failureOf(watch.errors, exit.exitCode, exit.signal);
  const result = await readResult(job.workDir);
  if (result !== null) return result;
  // A live stream does not pass our filter: yt-dlp says so and ends well.
  throw new SluiceError(watch.skipped ? 'live_stream' : 'no_media');
}

/** Turns what yt-dlp says into what the runner wants to hear. */
class DownloadWatch {
  /** The texts of the ERROR lines. */
  readonly errors: string[] = [];
  /** Something was there already, or is not wanted. */
  skipped = false;
  private readonly job: EngineJob;
  private readonly parts = new Parts();
  private told = false;
  /** The files are looked at between two parts; the newest sample waits for it. */
  private looking: Promise<void> | null = null;
  private waiting: Sample | null = null;

  constructor(job: EngineJob) {
    this.job = job;
  }

  sample(record: ProgressRecord): void {
    const sample = toSample(record);
    if (this.looking === null) this.job.onSample(this.parts.add(sample));
    else this.waiting = sample;
  }

  event(event: ProgressEvent): void {
    switch (event.type) {
      case 'part':
        this.waiting = null;
        this.look(() => this.nextPart(basename(event.destination)));
        break;
      case 'phase':
        if (event.phase === 'downloading') this.job.onPhase('download');
        if (event.phase === 'merging' || event.phase === 'post-processing') this.job.onPhase('finish');
        break;
      case 'error':
        // A flood of them must not fill the memory; the last ones count.
        if (this.errors.push(event.message) > 50) this.errors.shift();
        break;
      case 'skipped':
        this.skipped = true;
        this.look(() => this.nextPart(''));
        break;
      default:
        break;
    }
  }

  async settled(): Promise<void> {
    await this.looking;
    await this.tell();
  }

  private look(body: () => Promise<void>): void {
    const before = this.looking ?? Promise.resolve();
    const looking = before.then(body, body).finally(() => {
      if (this.looking !== looking) return;
      this.looking = null;
      if (this.waiting !== null) this.job.onSample(this.parts.add(this.waiting));
      this.waiting = null;
    });
    this.looking = looking;
  }

  private async nextPart(name: string): Promise<void> {
    await this.tell();
    this.parts.begin(await bytesBeside(this.job.workDir, name).catch(() => 0));
  }

  /** Title and sizes, once: yt-dlp has written them before its first file. */
  private async tell(): Promise<void> {
    if (this.told) return;
    const found = await readFound(this.job.workDir);
    if (found === null) return;
    this.told = true;
    this.parts.expect(found.parts);
    if (found.title !== null) this.job.onInfo({ title: found.title });
  }
}
