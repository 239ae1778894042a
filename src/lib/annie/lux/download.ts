/** One download: one process of lux or annie, in the job's work dir. */
import { deserializeError } from '../../foreign/serialized-error.ts';
import { MAX_ERROR_LINES } from '../../foreign/limits.ts';
import type { StreamPlan } from '../../foreign/lux/listing.ts';
import type { Readers } from '../../foreign/port.ts';
import { SluiceError } from '../../protocol/error.ts';
import type { EngineJob } from '../engine.ts';
import type { FetchedFile } from '../../files/fetched-file.ts';
import { runWhileSyncing } from '../../files/growing-files.server.ts';
import { runProgram } from '../run-program.ts';
import type { Outlet, ProcessHost } from '../../process/process-host.ts';
import { createProgressParser } from '../progress/parser.ts';
import { toSample } from '../progress/sample.ts';
import { type Generation } from './arguments.ts';
import { BarProgress } from './bar-progress.ts';
import { dropUnsynced, findMedia, growingFilesOf, removeMedia } from './work-files.server.ts';

interface LuxRun {
  /** Its name in error messages. */
  engine: string;
  job: EngineJob;
  processes: ProcessHost;
  readers: Readers;
  argv: string[];
  files: Readonly<Record<string, string>>;
  env: Record<string, string>;
  /** As in EngineCommand. */
  reads: readonly string[];
  outlet: Outlet | null;
  plan: StreamPlan;
  generation: Generation;
  /** As listed; the title in lux's output replaces it. */
  title: string;
}

/**
 * Settles when the engine has ended. Exit code 0 is not enough: the file must have its announced size.
 * @throws SluiceError as Engine.download; the signal's reason after an abort
 */
export async function runLux(run: LuxRun): Promise<FetchedFile> {
  const { workDir } = run.job;
  await dropUnsynced(workDir);
  return runWhileSyncing(growingFilesOf(workDir), () => runEngine(run));
}

async function runEngine(run: LuxRun): Promise<FetchedFile> {
  const { engine, job, processes, readers, argv, files, env, reads, outlet, plan, generation } = run;
  const bar = new BarProgress(plan.bytes);
  const errors: string[] = [];
  let title = job.title ?? run.title;
  const parser = createProgressParser(
    { engine: generation },
    {
      sample: (_fd, record) => job.onSample(bar.add(toSample(record), record.percent)),
      event: (event) => {
        if (event.type === 'item') {
          title = job.title ?? (event.item.title.trim() || title);
          job.onInfo({ title, totalBytes: plan.bytes });
        } else if (event.type === 'phase') {
          job.onPhase(event.phase === 'merging' ? 'finish' : 'download');
        } else if (event.type === 'error' && errors.push(event.message) > MAX_ERROR_LINES) {
          errors.shift();
        }
      },
    },
  );
  const command = { argv, cwd: job.workDir, files, env, reads, outlet, signal: job.signal };
  const exit = await runProgram(processes, command, parser, job.onOutput);
  job.signal.throwIfAborted();
  // lux prints the output of an ffmpeg that failed.
  if (exit.isRefused) throw new SluiceError('not_media');
  if (exit.exitCode !== 0) {
    const { exitCode, signal } = exit;
    const end = { engine, lines: errors, exitCode, signal };
    throw deserializeError(await readers.read('lux-failure', end, job.signal));
  }
  const { path, ext, bytes } = await findMedia(job.workDir);
  // Joined parts have another size than their sum: only the bar shows whether all their bytes came.
  const isWrong = plan.needsFfmpeg
    ? bytes === 0 || bar.endedEarly
    : plan.bytes !== null && bytes !== plan.bytes;
  if (isWrong || bar.overflowed) {
    await removeMedia(job.workDir);
    const announced = plan.bytes === null ? 'something' : `${plan.bytes} bytes`;
    throw new SluiceError(
      'size_mismatch',
      `${engine} wrote ${bytes} bytes where ${announced} was announced.`,
    );
  }
  return { path, suggestedName: `${title}${ext}`, bytes };
}
