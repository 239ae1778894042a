import type { Engine } from '../annie/engine.ts';
import { mostInformative, shouldTryNext } from '../annie/registry.ts';
import type { FetchedFile } from '../files/fetched-file.ts';
import { SluiceError } from '../protocol/error.ts';

/** Of `Engine.download`; reports that come after it are ignored. */
export interface EngineCall {
  isOver: boolean;
  hasBytes: boolean;
}

/**
 * Tries the engines in order: one that cannot handle the URL, and fetched no byte, hands over to the next.
 * @throws what the engine throws, or the most informative of what all threw
 */
export async function tryEngines(
  engines: readonly Engine[],
  signal: AbortSignal,
  download: (engine: Engine, call: EngineCall) => Promise<FetchedFile>,
): Promise<FetchedFile> {
  const failures: unknown[] = [];
  for (const engine of engines) {
    signal.throwIfAborted();
    const call: EngineCall = { isOver: false, hasBytes: false };
    try {
      return await download(engine, call);
    } catch (thrown) {
      if (signal.aborted || call.hasBytes || !isForNextEngine(thrown)) throw thrown;
      failures.push(thrown);
    } finally {
      call.isOver = true;
    }
  }
  throw mostInformative(failures);
}

/** Includes `stream_not_found`: a stream id of one engine means nothing to the others. */
function isForNextEngine(thrown: unknown): boolean {
  return shouldTryNext(thrown) || (thrown instanceof SluiceError && thrown.code === 'stream_not_found');
}
