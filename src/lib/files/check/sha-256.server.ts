/** SHA-256 of a file, in a thread of its own: on the main thread it would block every session for seconds. */
import { Worker } from 'node:worker_threads';
import type { HashResult, HashTask } from './sha-256-worker.server.ts';

/** Beside this file in the sources, beside the bundle in the build. */
const WORKER = new URL(
  import.meta.url.endsWith('.ts') ? 'sha-256-worker.server.ts' : 'sha-256-worker.js',
  import.meta.url,
);

/**
 * Settles only once the thread has ended, also after an abort.
 * @throws the errno of opening or reading; the signal's reason
 */
export function hashFile(path: string, signal: AbortSignal): Promise<HashResult> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    // Our environment may hold secrets.
    const worker = new Worker(WORKER, { workerData: { path } satisfies HashTask, env: {} });
    let hashed: HashResult | null = null;
    let thrown: unknown = new Error('The thread that hashes ended without an answer.');
    const stop = (): void => void worker.terminate();
    signal.addEventListener('abort', stop, { once: true });
    worker.once('message', (message: HashResult) => void (hashed = message));
    worker.once('error', (error: unknown) => void (thrown = error));
    worker.once('exit', () => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(signal.reason as Error);
      else if (hashed === null) reject(thrown as Error);
      else resolve(hashed);
    });
  });
}
