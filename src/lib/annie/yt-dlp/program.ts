/** One run of yt-dlp that answers on stdout: a version, a listing, an info JSON. */
import { nanoid } from 'nanoid';
import { SluiceError } from '../../protocol/error.ts';
import type { EngineExit, ProcessHost } from '../process.ts';

/** Credentials for the guard's filtering proxy, one job each. */
export interface JobProxy {
  urlFor(jobId: string): string;
  /** The host that the job was refused, null when none was. */
  refused(jobId: string): string | null;
  forget(jobId: string): void;
}

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

/**
 * Runs `body` with a proxy address of its own and, when it fails after the proxy refused it a host, tells that.
 * @throws SluiceError `address_refused`, and whatever `body` throws
 */
export async function throughProxy<T>(
  proxy: JobProxy | null,
  engine: string,
  body: (proxyUrl: string | null) => Promise<T>,
): Promise<T> {
  if (proxy === null) return body(null);
  const job = `${engine}-${nanoid(10)}`;
  try {
    return await body(proxy.urlFor(job));
  } catch (thrown) {
    const host = proxy.refused(job);
    // An abort has its own reason.
    if (host === null || !(thrown instanceof SluiceError)) throw thrown;
    throw new SluiceError('address_refused', `${host} is a private address, or leads to one.`, {
      cause: thrown,
    });
  } finally {
    proxy.forget(job);
  }
}
