/** One run of an engine that answers on stdout: a version, a listing, an info JSON. */
import { SluiceError } from '../../protocol/error.ts';
import type { EngineExit, ProcessHost } from '../process.ts';

export interface RunOptions {
  argv: string[];
  cwd: string;
  env: Record<string, string>;
  signal: AbortSignal;
  maxBytes: number;
}

export interface Answer {
  exit: EngineExit;
  stdout: string;
  /** The last 16 kB. */
  stderr: string;
}

const STDERR_CHARS = 16 * 1024;

/** @throws SluiceError `engine_output` past `maxBytes`, and as ProcessHost.run; the signal's reason after an abort */
export async function runForAnswer(processes: ProcessHost, options: RunOptions): Promise<Answer> {
  const chunks: Uint8Array[] = [];
  const decoder = new TextDecoder();
  let bytes = 0;
  let stderr = '';
  const exit = await processes.run({
    ...options,
    onChunk: (fd, chunk) => {
      if (fd === 2) {
        stderr = (stderr + decoder.decode(chunk, { stream: true })).slice(-STDERR_CHARS);
        return;
      }
      bytes += chunk.length;
      if (bytes > options.maxBytes) throw new SluiceError('engine_output', 'The engine answered too much.');
      chunks.push(chunk.slice());
    },
  });
  options.signal.throwIfAborted();
  return { exit, stdout: new TextDecoder().decode(Buffer.concat(chunks)), stderr };
}
