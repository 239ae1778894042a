/**
 * Pending removals of bytes: an intent is stored before the runner gets the command and kept until it is done, so that a
 * crash in between leaves no work dir behind, and a disk that is away no file.
 */
import { SluiceError } from '../../protocol/error.ts';
import type { MarkedFile, RunnerCommand } from '../../protocol/runner.ts';
import type { DurableKv } from '../durable/types.ts';
import type { Deadlines } from './deadlines.ts';

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
/** While the download folder cannot be written: as often as it is checked for a download that waits for it. */
const AGAIN_MS = 30_000;
/** The name of the deadline. */
export const REMOVALS_DEADLINE = 'removals';

interface RemovalParts {
  kv: DurableKv;
  deadlines: Pick<Deadlines, 'set'>;
  now: () => number;
  send: (command: RunnerCommand) => void;
}

export class Removals {
  readonly #kv: DurableKv;
  readonly #parts: RemovalParts;
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  /** A deadline is set. */
  #isPostponed = false;

  constructor(parts: RemovalParts) {
    this.#kv = parts.kv;
    this.#parts = parts;
  }

  get busy(): boolean {
    return this.#waiting.size > 0;
  }

  /** Sends the pending removals again, but those that the runner has not answered. */
  askAgain(): void {
    this.#isPostponed = false;
    let intents: [key: string, intent: Intent][] = [];
    do {
      const last = intents.at(-1);
      const from = last === undefined ? {} : { startAfter: last[0] };
      intents = [...this.#kv.list<Intent>({ prefix: PREFIX, limit: PAGE, ...from })];
      for (const [key, intent] of intents) {
        const id = key.slice(PREFIX.length);
        if (!this.#waiting.has(id)) void this.#ask(id, intent);
      }
    } while (intents.length === PAGE);
  }

  /** Whether its removal is pending. */
  has(id: string): boolean {
    return this.#waiting.has(id) || this.#kv.get(PREFIX + id) !== undefined;
  }

  /**
   * @param file the finished file to delete too; `keep`: an existing one stays; null = none is known
   * @returns resolves when the runner has removed all of it; rejects with SluiceError `removal_waits` when the download
   *   folder cannot be written: it is removed once that can be
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

  /** The download folder cannot be written: it is tried again, also after a restart. What keeps its file waits unseen. */
  postpone(id: string): void {
    const intent = this.#kv.get<Intent>(PREFIX + id);
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (intent === undefined || intent.keepFile === true) waiting?.resolve();
    else waiting?.reject(new SluiceError('removal_waits'));
    if (intent === undefined || this.#isPostponed) return;
    this.#isPostponed = true;
    this.#parts.deadlines.set(REMOVALS_DEADLINE, this.#parts.now() + AGAIN_MS);
  }

  forget(id: string): void {
    this.#kv.delete(PREFIX + id);
  }

  #ask(id: string, intent: Intent): Promise<void> {
    this.#parts.send({ type: 'discard', download: id, ...intent });
    const waiting = this.#waiting.get(id) ?? Promise.withResolvers<void>();
    this.#waiting.set(id, waiting);
    // Not every removal has somebody who waits for it.
    waiting.promise.catch(() => {});
    return waiting.promise;
  }
}

function intentOf(file: MarkedFile | 'keep' | null): Intent {
  if (file === null) return { file: null };
  if (file === 'keep') return { file: null, keepFile: true };
  return { file: file.name, ...(file.mark === undefined ? {} : { mark: file.mark }) };
}
