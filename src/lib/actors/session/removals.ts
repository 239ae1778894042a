/**
 * Bytes that have to go: an intent is stored before the runner is asked and kept until it says done, so that a
 * crash in between leaves no work dir behind.
 */
import type { RunnerCommand } from '../../protocol/runner.ts';
import type { DurableStorage } from '../durable/types.ts';

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

  /** Asks again for what was under way when the actor last stopped. */
  async wake(): Promise<void> {
    const intents = await this.#storage.list<{ file: string | null }>({ prefix: 'gone/', limit: BATCH });
    for (const [key, { file }] of intents) {
      this.#tell({ type: 'discard', download: key.slice('gone/'.length), file });
    }
  }

  /**
   * @param file the finished file to delete too, by its base name
   * @returns after the intent is written, what settles when the runner says that all is gone
   */
  async begin(id: string, file: string | null): Promise<{ gone: Promise<void> }> {
    await this.#storage.put(`gone/${id}`, { file });
    this.#tell({ type: 'discard', download: id, file });
    const waiting = this.#waiting.get(id) ?? Promise.withResolvers<void>();
    this.#waiting.set(id, waiting);
    return { gone: waiting.promise };
  }

  async done(id: string): Promise<void> {
    await this.forget(id);
    this.#waiting.get(id)?.resolve();
    this.#waiting.delete(id);
  }

  async forget(id: string): Promise<void> {
    await this.#storage.delete(`gone/${id}`);
  }
}
