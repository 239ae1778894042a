/**
 * Bytes that have to go: an intent is stored before the runner is asked and kept until it says done, so that a
 * crash in between leaves no work dir behind.
 */
import type { MarkedFile, RunnerCommand } from '../../protocol/runner.ts';
import type { DurableStorage } from '../durable/types.ts';

/** As stored. */
interface Intent {
  /** The name of the finished file that goes too. */
  file: string | null;
  mark?: string;
}

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
      const intents: Map<string, Intent> = await this.#storage.list({
        prefix: PREFIX,
        limit: BATCH,
        ...from,
      });
      for (const [key, intent] of intents) void this.#ask(key.slice(PREFIX.length), intent);
      after = intents.size < BATCH ? null : ([...intents.keys()].at(-1) ?? null);
    }
  }

  /** Whether its bytes are on their way out already. */
  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /**
   * @param file the finished file to delete too
   * @returns after the intent is written, what settles when the runner says that all is gone
   */
  async begin(id: string, file: MarkedFile | null): Promise<{ gone: Promise<void> }> {
    const mark = file?.mark;
    const intent: Intent = { file: file?.name ?? null, ...(mark === undefined ? {} : { mark }) };
    await this.#storage.put(PREFIX + id, intent);
    return { gone: this.#ask(id, intent) };
  }

  async done(id: string): Promise<void> {
    await this.forget(id);
    this.#waiting.get(id)?.resolve();
    this.#waiting.delete(id);
  }

  async forget(id: string): Promise<void> {
    await this.#storage.delete(PREFIX + id);
  }

  #ask(id: string, intent: Intent): Promise<void> {
    this.#tell({ type: 'discard', download: id, ...intent });
    const waiting = this.#waiting.get(id) ?? Promise.withResolvers<void>();
    this.#waiting.set(id, waiting);
    return waiting.promise;
  }
}
