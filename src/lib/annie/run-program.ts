/** Runs an engine's program for one download: its output goes to the job and to the progress parser. */
import type { EngineCommand, EngineExit, ProcessHost } from '../process/process-host.ts';
import type { EngineJob } from './engine.ts';
import { INPUT_REFUSED, MessageDetector, PART_LEFT_OUT } from './ffmpeg/refusal.ts';
import type { ProgressParser } from './progress/parser.ts';

/**
 * Resolves once the program has ended and the parser has all of its output.
 * @returns `isRefused`: it failed, and printed that ffmpeg or our wrapper of it refused an input; `isPartLeftOut`: ffmpeg
 * printed that it could not fetch a part of a stream
 * @throws SluiceError as `ProcessHost.run`
 */
export async function runProgram(
  processes: ProcessHost,
  command: Omit<EngineCommand, 'onChunk'>,
  parser: ProgressParser,
  onOutput: EngineJob['onOutput'],
): Promise<EngineExit & { isRefused: boolean; isPartLeftOut: boolean }> {
  const decoders = { 1: new TextDecoder(), 2: new TextDecoder() };
  const refusal = new MessageDetector(INPUT_REFUSED);
  const leftOut = new MessageDetector(PART_LEFT_OUT);
  const exit = await processes.run({
    ...command,
    onChunk: (fd, chunk) => {
      const text = decoders[fd].decode(chunk, { stream: true });
      onOutput(text);
      refusal.read(text);
      if (fd === 2) leftOut.read(text);
      parser.push(fd, chunk);
    },
  });
  parser.end();
  const isRefused = exit.exitCode !== 0 && refusal.isFound;
  return { ...exit, isRefused, isPartLeftOut: leftOut.isFound };
}
