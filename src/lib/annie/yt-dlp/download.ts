/** One download: one yt-dlp process, in the job's own dir. */
import { basename } from 'node:path';
import { customAlphabet } from 'nanoid';
import { restore } from '../../foreign/carried-error.ts';
import type { Readers } from '../../foreign/port.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { EngineJob } from '../engine.ts';
import type { FetchedFile } from '../../files/fetched-file.ts';
import { GrowingFiles } from '../../files/growing-files.server.ts';
import type { Sample } from '../../protocol/progress.ts';
import { contradiction } from '../contradiction.ts';
import { RefusalWatch } from '../ffmpeg/refusal.ts';
import type { ProcessHost } from '../../process/process-host.ts';
import { createProgressParser } from '../progress/parser.ts';
import { type ProgressRecord, toSample } from '../progress/sample.ts';
import type { ProgressEvent } from '../progress/sink.ts';
import { sluicePrefix } from '../progress/sluice-template.ts';
import { MEDIA_PREFIX } from './arguments.ts';
import { dropUnsynced, growingFilesOf } from './resume.server.ts';
import { type CurrentPart, PartSizes, type SizeMismatch } from './part-sizes.server.ts';
import { Parts } from './parts.ts';
import { bytesBeside, clearTold, readFound, readResult } from './work-files.server.ts';

const makeNonce = customAlphabet('0123456789abcdefghijklmnopqrstuvwxyz', 12);

export interface DownloadRun {
  job: EngineJob;
  processes: ProcessHost;
  readers: Readers;
  env: Record<string, string>;
  /** The argv, given the nonce that begins its progress lines. */
  argv: (nonce: string) => string[];
}

/**
 * Settles when nothing of yt-dlp runs any more. How it ended is told by its exit code and the file alone. A file whose
 * announced size has changed while it was resumed is fetched again from byte 0, each once.
 * @throws SluiceError as Engine.download, `remote_contradiction`; the signal's reason after an abort
 */
export async function runDownload(run: DownloadRun): Promise<FetchedFile> {
  const { workDir } = run.job;
  const sizes = await PartSizes.open(workDir);
  await dropUnsynced(workDir, sizes);
  const growing = await GrowingFiles.start(growingFilesOf(workDir));
  const startedOver = new Set<string>();
  try {
    for (;;) {
      const result = await runOnce(run, sizes);
      if (!('nowBytes' in result)) return result;
      // also before it fails: the next attempt must not resume those bytes
      await sizes.startOver(result);
      const { name, nowBytes, earlierBytes } = result;
      if (startedOver.has(name))
        throw contradiction(nowBytes, nowBytes === earlierBytes ? null : earlierBytes);
      startedOver.add(name);
    }
  } finally {
    await growing.stop();
  }
}

async function runOnce(
  { job, processes, readers, env, argv }: DownloadRun,
  sizes: PartSizes,
): Promise<FetchedFile | SizeMismatch> {
  const nonce = makeNonce();
  const wrongSize = new AbortController();
  const watch = new DownloadWatch(job, sizes, () => wrongSize.abort());
  await clearTold(job.workDir);
  const parser = createProgressParser(
    { engine: 'yt-dlp', prefix: sluicePrefix(nonce) },
    { sample: (_fd, record) => watch.sample(record), event: (event) => watch.event(event) },
  );
  const decoders = { 1: new TextDecoder(), 2: new TextDecoder() };
  // Of an ffmpeg that fetches a stream; one that joins is quoted by yt-dlp with its last line.
  const refusal = new RefusalWatch();
  const exit = await processes.run({
    argv: argv(nonce),
    cwd: job.workDir,
    env: { ...env, TMPDIR: job.workDir },
    signal: AbortSignal.any([job.signal, wrongSize.signal]),
    onChunk: (fd, chunk) => {
      const text = decoders[fd].decode(chunk, { stream: true });
      job.onOutput(text);
      refusal.read(text);
      parser.push(fd, chunk);
    },
  });
  parser.end();
  await watch.settled();
  job.signal.throwIfAborted();
  if (sizes.mismatch !== null) return sizes.mismatch;
  if (exit.exitCode !== 0 && refusal.seen) throw new SluiceError('not_media');
  if (exit.exitCode !== 0) {
    const { exitCode, signal } = exit;
    throw restore(
      await readers.read('yt-dlp-failure', { lines: watch.errors, exitCode, signal }, job.signal),
    );
  }
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
  private readonly sizes: PartSizes;
  private readonly onWrongSize: () => void;
  private readonly parts = new Parts();
  /** Null before the first. */
  private current: CurrentPart | null = null;
  /** First byte of the next part, printed before its name. */
  private resumingAt = 0;
  private told = false;
  /** The files are looked at between two parts; the newest sample waits for it. */
  private looking: Promise<void> | null = null;
  private waiting: Sample | null = null;

  constructor(job: EngineJob, sizes: PartSizes, onWrongSize: () => void) {
    this.job = job;
    this.sizes = sizes;
    this.onWrongSize = onWrongSize;
  }

  sample(record: ProgressRecord): void {
    if (!this.fits(record)) return this.onWrongSize();
    const sample = toSample(record);
    if (this.looking === null) this.job.onSample(this.parts.add(sample));
    else this.waiting = sample;
  }

  event(event: ProgressEvent): void {
    switch (event.type) {
      case 'part':
        this.waiting = null;
        this.current = partOf(event.destination, this.resumingAt);
        this.resumingAt = 0;
        if (this.current !== null && !this.sizes.begin(this.current)) this.onWrongSize();
        this.look(() => this.nextPart(basename(event.destination)));
        break;
      case 'resuming':
        this.resumingAt = event.byte;
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
    await this.sizes.saved();
    await this.tell();
  }

  /** Estimates are not compared, nor are sums of fragments. */
  private fits({ totalBytes, estimated, fragmented, finished }: ProgressRecord): boolean {
    const isExact = totalBytes > 0 && !estimated && !fragmented;
    if (this.current === null || !isExact) return true;
    return this.sizes.check(this.current, totalBytes, finished);
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

/** Null for what is no file of ours: names come from its output, where a title can look like one. */
function partOf(destination: string, resumedAt: number): CurrentPart | null {
  const name = basename(destination);
  return name.startsWith(MEDIA_PREFIX) ? { name, resumedAt } : null;
}
