/** What becomes of an address, as the runner would do it: the engine that the registry picks downloads or lists it. */
import { readFile, stat } from 'node:fs/promises';
import { HttpEngine, type HttpEngineOptions } from '#lib/annie/http/engine.server.ts';
import type { EngineJob } from '#lib/annie/engine.ts';
import { Registry } from '#lib/annie/registry.ts';
import { safeFileName } from '#lib/files/file-name.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import type { EngineName, MediaItem } from '#lib/protocol/media.ts';
import { freshDir, jobFor, openGuard, removeDirs } from '../annie/http/kit.ts';
import { readers } from '../support/readers.ts';
import { settles } from '../support/wait.ts';
import { startWildOrigin, type WildOrigin } from './origin.ts';

export interface Outcome {
  /** `complete`, or the code of the failure. */
  state: string;
  /** Of the finished file. */
  name: string;
  body: Buffer;
  modifiedAt: Date;
  workDir: string;
  message: string;
}

export interface WildKit {
  origin: WildOrigin;
  engine: HttpEngine;
  registry: Registry;
  download(url: string, more?: Partial<EngineJob> & { engine?: EngineName }): Promise<Outcome>;
  /** The items, or the code of the failure. */
  list(url: string, engine?: EngineName, signal?: AbortSignal): Promise<MediaItem[] | string>;
  /** The titles of the items, or the code of the failure alone. */
  titlesOf(url: string): Promise<string[]>;
  close(): Promise<void>;
}

/** One origin and one engine for all rows of a file. */
export async function openWildKit(options: Partial<HttpEngineOptions> = {}): Promise<WildKit> {
  const origin = await startWildOrigin();
  const engine = new HttpEngine({ guard: openGuard(), readers, stallMs: 10_000, ...options });
  const registry = new Registry({
    engines: [engine],
    allowed: ['http'],
    classify: (url, signal, reports) => engine.classify(url, signal, reports),
  });
  const nothing = { name: '', body: Buffer.alloc(0), modifiedAt: new Date(0) };
  const list = async (
    url: string,
    requested?: EngineName,
    signal = new AbortController().signal,
  ): Promise<MediaItem[] | string> => {
    try {
      return (await settles(registry.parse({ url, engine: requested ?? null, signal }))).items;
    } catch (thrown) {
      if (thrown instanceof SluiceError) return thrown.code;
      throw thrown;
    }
  };
  return {
    origin,
    engine,
    registry,
    async download(url, { engine: requested, ...more } = {}) {
      const workDir = more.workDir ?? (await freshDir());
      const job = jobFor(url, workDir, more);
      try {
        const running = registry
          .choose(url, requested ?? null, job.signal, { ...more, workDir })
          .then(([first]) => (first ?? engine).download(job));
        const { path, suggestedName } = await settles(running);
        const { mtime } = await stat(path);
        const body = await readFile(path);
        const name = safeFileName(suggestedName);
        return { state: 'complete', name, body, modifiedAt: mtime, workDir, message: '' };
      } catch (thrown) {
        if (!(thrown instanceof SluiceError)) throw thrown;
        return { ...nothing, state: thrown.code, workDir, message: thrown.message };
      }
    },
    list,
    async titlesOf(url) {
      const items = await list(url);
      return typeof items === 'string' ? [items] : items.map(({ title }) => title);
    },
    async close() {
      await engine.close();
      await origin.close();
      await removeDirs();
    },
  };
}
