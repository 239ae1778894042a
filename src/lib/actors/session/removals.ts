/**
 * Pending removals of bytes: an intent is stored before the runner gets the command and kept until it is done, so that a
 * crash in between leaves no work dir behind.
 */
import type { MarkedFile, RunnerCommand } from '../../protocol/runner.ts';
import type { DurableKv } from '../durable/types.ts';

/** As stored. */
interface Intent {
  /** The name of the finished file to delete. */
  file: string | null;
  mark?: string;
  /** A finished file stays; absent = one whose `done` was not delivered is deleted too. */
  keepFile?: true;
}

const PREFIX = 'gone/';
/** Intents of one page: there may be one for each download that the session ever had. */
const PAGE = 1000;

export class Removals {
  readonly #kv: DurableKv;
  readonly #send: (command: RunnerCommand) => void;
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();

  constructor(kv: DurableKv, send: (command: RunnerCommand) => void) {
    this.#kv = kv;
    this.#send = send;
  }

  get busy(): boolean {
    return this.#waiting.size > 0;
  }

  /** Sends the pending removals again. */
  wake(): void {
    let intents: [key: string, intent: Intent][] = [];
    do {
      const last = intents.at(-1);
      const from = last === undefined ? {} : { startAfter: last[0] };
      intents = [...this.#kv.list<Intent>({ prefix: PREFIX, limit: PAGE, ...from })];
      for (const [key, intent] of intents) void this.#ask(key.slice(PREFIX.length), intent);
    } while (intents.length === PAGE);
  }

  /** Whether its removal is pending. */
  has(id: string): boolean {
    return this.#waiting.has(id);
  }

  /**
   * @param file the finished file to delete too; `keep`: an existing one stays; null = none is known
   * @returns resolves when the runner has removed all of it
   */
  begin(id: string, file: MarkedFile | 'keep' | null): Promise<void> {
    const intent = intentOf(file);
    this.#kv.put(PREFIX + id, intent);
    return this.#ask(id, intent);
  }

  done(id: string): void {
    this.forget(id);
    this.#waiting.get(id)?.resolve();
    this.#waiting.delete(id);
  }

  forget(id: string): void {
    this.#kv.delete(PREFIX + id);
  }

  #ask(id: string, intent: Intent): Promise<void> {
    this.#send({ type: 'discard', download: id, ...intent });
    const waiting = this.#waiting.get(id) ?? Promise.withResolvers<void>();
    this.#waiting.set(id, waiting);
    return waiting.promise;
  }
}

function intentOf(file: MarkedFile | 'keep' | null): Intent {
  if (file === null) return { file: null };
  if (file === 'keep') return { file: null, keepFile: true };
  return { file: file.name, ...(file.mark === undefined ? {} : { mark: file.mark }) };
}
