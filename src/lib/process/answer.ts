/** One run of an engine that answers on stdout: a version, a listing, an info JSON. */
import { SluiceError } from '../protocol/error.ts';
import { GatheredBytes } from '../foreign/gathered-bytes.ts';
import type { EngineExit, ProcessHost } from './process-host.ts';

export interface RunOptions {
  argv: string[];
  cwd: string;
  env: Record<string, string>;
  signal: AbortSignal;
  maxBytes: number;
}

export interface Answer {
  exit: EngineExit;
  /** As it came, to be given to a reader: it may be anything, and of any length up to `maxBytes`. */
  stdout: Uint8Array[];
  /** The last 16 kB. */
  stderr: string;
}

const STDERR_CHARS = 16 * 1024;
/** yt-dlp's list of extractors has 40 kB. */
const WORDS_BYTES = 1024 * 1024;

/** @throws SluiceError `engine_output` past `maxBytes`, and as ProcessHost.run; the signal's reason after an abort */
export async function runForAnswer(processes: ProcessHost, options: RunOptions): Promise<Answer> {
  const gathered = new GatheredBytes();
  const decoder = new TextDecoder();
  let stderr = '';
  const exit = await processes.run({
    ...options,
    onChunk: (fd, chunk) => {
      if (fd === 1) {
        if (gathered.length + chunk.length > options.maxBytes)
          throw new SluiceError('engine_output', 'The engine answered too much.');
        gathered.add(chunk);
        return;
      }
      stderr += decoder.decode(chunk, { stream: true });
      // Once for each 16 kB, not for each chunk, which may be a byte.
      if (stderr.length > 2 * STDERR_CHARS) stderr = stderr.slice(-STDERR_CHARS);
    },
  });
  options.signal.throwIfAborted();
  return { exit, stdout: gathered.take(), stderr: stderr.slice(-STDERR_CHARS) };
}

/** The first MiB as text: for what a program says of itself, which is no stranger's. */
export function wordsOf(stdout: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  let left = WORDS_BYTES;
  let text = '';
  for (const block of stdout) {
    text += decoder.decode(block.subarray(0, left), { stream: true });
    left -= Math.min(left, block.length);
  }
  return text;
}
