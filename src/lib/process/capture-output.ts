/** Runs an engine for what it prints: a version, a listing, an info JSON. */
import { SluiceError } from '../protocol/error.ts';
import { GatheredBytes } from '../foreign/gathered-bytes.ts';
import type { EngineCommand, EngineExit, ProcessHost } from './process-host.ts';

export interface CaptureOptions extends Omit<EngineCommand, 'onChunk'> {
  maxBytes: number;
}

export interface CapturedOutput {
  exit: EngineExit;
  /** Untrusted, of any length up to `maxBytes`: to be parsed by a reader of `foreign/`. */
  stdout: Uint8Array[];
  /** The last 16 kB. */
  stderr: string;
}

const STDERR_CHARS = 16 * 1024;
/** yt-dlp's list of extractors has 40 kB. */
const MAX_DECODED_BYTES = 1024 * 1024;

/** @throws SluiceError `engine_output` past `maxBytes`, those of `ProcessHost.run`; the signal's reason after an abort */
export async function captureOutput(
  processes: ProcessHost,
  options: CaptureOptions,
): Promise<CapturedOutput> {
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
      // Once per 16 kB: a chunk may be a single byte.
      if (stderr.length > 2 * STDERR_CHARS) stderr = stderr.slice(-STDERR_CHARS);
    },
  });
  options.signal.throwIfAborted();
  return { exit, stdout: gathered.take(), stderr: stderr.slice(-STDERR_CHARS) };
}

/** The first MiB as text. Only for what a program prints about itself: such output is trusted. */
export function decodeOutput(stdout: readonly Uint8Array[]): string {
  const decoder = new TextDecoder();
  let left = MAX_DECODED_BYTES;
  let text = '';
  for (const block of stdout) {
    text += decoder.decode(block.subarray(0, left), { stream: true });
    left -= Math.min(left, block.length);
  }
  return text;
}
