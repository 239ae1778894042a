/**
 * Commands act once: the answer to each command id is kept with what it was asked, in the same commit as its
 * effect. Kept 24 to 48 h: answers lie in buckets of a day, so that forgetting them is deleting a range. They are
 * forgotten when the session wakes and as new ones come, not by an alarm: sessions that have one are woken at each start.
 */
import { SluiceError } from '../../protocol/error.ts';
import type { ErrorView } from '../../protocol/error.ts';
import type { DurableStorage } from '../durable/types.ts';

export type Answer = { ok: true; result: unknown } | { ok: false; error: ErrorView };

interface Entry {
  asked: string;
  answer: Answer;
}

const DAY_MS = 86_400_000;
const PRUNE_BATCH = 128;

export class CommandLog {
  readonly #storage: DurableStorage;
  /** The last day of which nothing is left to forget. */
  #prunedUpTo = '';

  constructor(storage: DurableStorage) {
    this.#storage = storage;
  }

  /**
   * The answer given before, or null.
   * @param asked the command itself, to tell a repetition from a reused id
   * @throws SluiceError `command_conflict`
   */
  async recall(id: string, asked: string, now: number): Promise<Answer | null> {
    const keys = [key(id, now), key(id, now - DAY_MS)];
    const found = await this.#storage.get<Entry>(keys);
    const entry = found.get(keys[0]!) ?? found.get(keys[1]!);
    if (!entry) return null;
    if (entry.asked !== asked) throw new SluiceError('command_conflict');
    return entry.answer;
  }

  async keep(id: string, asked: string, answer: Answer, now: number): Promise<void> {
    await this.#storage.put(key(id, now), { asked, answer } satisfies Entry);
    await this.prune(now);
  }

  /** Forgets what is older than yesterday: a batch of it, and the next with the next command. */
  async prune(now: number): Promise<void> {
    const yesterday = day(now - DAY_MS);
    if (this.#prunedUpTo === yesterday) return;
    const old = await this.#storage.list({ prefix: 'cmd/', end: `cmd/${yesterday}/`, limit: PRUNE_BATCH });
    if (old.size > 0) await this.#storage.delete([...old.keys()]);
    if (old.size < PRUNE_BATCH) this.#prunedUpTo = yesterday;
  }
}

function day(at: number): string {
  return String(Math.floor(at / DAY_MS)).padStart(6, '0');
}

function key(id: string, at: number): string {
  return `cmd/${day(at)}/${id}`;
}
