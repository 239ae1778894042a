/**
 * Bytes that have to go: an intent is stored before the runner is asked and kept until it says done, so that a
 * crash in between leaves no work dir behind.
 */
import type { RunnerCommand } from '../../protocol/runner.ts';
import type { DurableStorage } from '../durable/types.ts';

const PREFIX = 'gone/';
const BATCH = 128;

export class Removals {
  readonly #storage: DurableStorage;
  readonly #tell: (command: RunnerCommand) => void;
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();

  constructor(storage: DurableStorage, tell: (command: RunnerCommand) => void) {
    this.#storage = storage;
    this.#tell = tell;
  }

  get busy(): boolean {
    return this.#waiting.size > 0;
  }

  /** Asks again for all that was under way when the actor last stopped. */
  async wake(): Promise<void> {
    for (let after: string | null = ''; after !== null;) {
      const from: { startAfter?: string } = after === '' ? {} : { startAfter: after };
      const intents: Map<string, { file: string | null }> = await this.#storage.list({
        prefix: PREFIX,
        limit: BATCH,
        ...from,
      });
      for (const [key, { file }] of intents) void this.#ask(key.slice(PREFIX.length), file);
      after = intents.size < BATCH ? null : ([...intents.keys()].at(-1) ?? null);
    }
  }

  /**
   * @param file the finished file to delete too, by its base name
   * @returns after the intent is written, what settles when the runner says that all is gone
   */
  async begin(id: string, file: string | null): Promise<{ gone: Promise<void> }> {
    await this.#storage.put(PREFIX + id, { file });
    return { gone: this.#ask(id, file) };
  }

  async done(id: string): Promise<void> {
    await this.forget(id);
    this.#waiting.get(id)?.resolve();
    this.#waiting.delete(id);
  }

  async forget(id: string): Promise<void> {
    await this.#storage.delete(PREFIX + id);
  }

  #ask(id: string, file: string | null): Promise<void> {
    this.#tell({ type: 'discard', download: id, file });
    const waiting = this.#waiting.get(id) ?? Promise.withResolvers<void>();
    this.#waiting.set(id, waiting);
    return waiting.promise;
  }
}
