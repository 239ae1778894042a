/** One download: one lux (or annie), in the job's own dir. */
import { restore } from '../../foreign/carried-error.ts';
import type { StreamPlan } from '../../foreign/lux/listing.ts';
import type { Readers } from '../../foreign/port.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { EngineJob } from '../engine.ts';
import type { FetchedFile } from '../../files/fetched-file.ts';
import { GrowingFiles } from '../../files/growing-files.server.ts';
import { RefusalWatch } from '../ffmpeg/refusal.ts';
import type { ProcessHost } from '../../process/process-host.ts';
import { createProgressParser } from '../progress/parser.ts';
import { toSample } from '../progress/sample.ts';
import { type Generation } from './arguments.ts';
import { Bar } from './bar.ts';
import { dropUnsynced, findFinished, growingFilesOf, removeMedia } from './work-files.server.ts';

export interface DownloadRun {
  /** The name to speak of. */
  engine: string;
  job: EngineJob;
  processes: ProcessHost;
  readers: Readers;
  argv: string[];
  env: Record<string, string>;
  plan: StreamPlan;
  generation: Generation;
  /** As listed; the header of the run itself replaces it. */
  title: string;
}

/**
 * Settles when nothing of the engine runs any more. Exit 0 is not enough: the file has to have its size.
 * @throws SluiceError as Engine.download; the signal's reason after an abort
 */
export async function runDownload(run: DownloadRun): Promise<FetchedFile> {
  const { workDir } = run.job;
  await dropUnsynced(workDir);
  const growing = await GrowingFiles.start(growingFilesOf(workDir));
  try {
    return await runEngine(run);
  } finally {
    await growing.stop();
  }
}

async function runEngine(run: DownloadRun): Promise<FetchedFile> {
  const { engine, job, processes, readers, argv, env, plan, generation } = run;
  const bar = new Bar(plan.bytes);
  const errors: string[] = [];
  let title = run.title;
  const parser = createProgressParser(
    { engine: generation },
    {
      sample: (_fd, record) => job.onSample(bar.add(toSample(record), record.percent)),
      event: (event) => {
        if (event.type === 'item') {
          title = event.title.trim() || title;
          job.onInfo({ title, totalBytes: plan.bytes });
        } else if (event.type === 'phase') {
          job.onPhase(event.phase === 'merging' ? 'finish' : 'download');
        } else if (event.type === 'error' && errors.push(event.message) > 50) {
          errors.shift();
        }
      },
    },
  );
  const decoders = { 1: new TextDecoder(), 2: new TextDecoder() };
  // lux prints all that ffmpeg said, when that failed.
  const refusal = new RefusalWatch();
  const exit = await processes.run({
    argv,
    cwd: job.workDir,
    env,
    signal: job.signal,
    onChunk: (fd, chunk) => {
      const text = decoders[fd].decode(chunk, { stream: true });
      job.onOutput(text);
      refusal.read(text);
      parser.push(fd, chunk);
    },
  });
  parser.end();
  job.signal.throwIfAborted();
  if (exit.exitCode !== 0 && refusal.seen) throw new SluiceError('not_media');
  if (exit.exitCode !== 0) {
    const { exitCode, signal } = exit;
    const end = { engine, lines: errors, exitCode, signal };
    throw restore(await readers.read('lux-failure', end, job.signal));
  }
  const { path, ext, bytes } = await findFinished(job.workDir);
  // Joined parts have another size than their sum: only the bar shows whether all their bytes came.
  const wrong = plan.needsFfmpeg ? bytes === 0 || bar.fellShort : plan.bytes !== null && bytes !== plan.bytes;
  if (wrong || bar.overflowed) {
    await removeMedia(job.workDir);
    const announced = plan.bytes === null ? 'something' : `${plan.bytes} bytes`;
    throw new SluiceError(
      'size_mismatch',
      `${engine} wrote ${bytes} bytes where ${announced} was announced.`,
    );
  }
  return { path, suggestedName: `${title}${ext}`, bytes };
}
