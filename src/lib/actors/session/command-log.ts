/**
 * Commands are idempotent: the answer to each command id is stored with the command, in the same commit as its
 * effect. Kept 24 to 48 h: answers are in daily buckets, so that they can be deleted as a range. They are
 * deleted when the session wakes and as new ones are stored, not by an alarm: those wake the session at each start.
 */
import { SluiceError } from '../../protocol/error.ts';
import type { ErrorView } from '../../protocol/error.ts';
import { shortHash } from '../../protocol/short-hash.ts';
import type { DurableKv } from '../durable/types.ts';

export type StoredAnswer = { ok: true; result: unknown } | { ok: false; error: ErrorView };

interface Entry {
  /** A hash of the command: its text is in the row that it made. Earlier versions stored the text itself. */
  asked: string;
  answer: StoredAnswer;
}

const DAY_MS = 86_400_000;
/** Fewer than a turn may write: the command writes too. */
const PRUNE_BATCH = 50;

export class CommandLog {
  readonly #kv: DurableKv;
  /** The last day whose answers are all deleted. */
  #prunedUpTo = '';
  #isBehind = false;

  constructor(kv: DurableKv) {
    this.#kv = kv;
  }

  /**
   * The answer given before, or null.
   * @param asked the command itself, to distinguish a repetition from a reused id
   * @throws SluiceError `command_conflict`
   */
  recall(id: string, asked: string, now: number): StoredAnswer | null {
    const entry = this.#kv.get<Entry>(key(id, now)) ?? this.#kv.get<Entry>(key(id, now - DAY_MS));
    if (!entry) return null;
    if (entry.asked !== shortHash(asked) && entry.asked !== asked) throw new SluiceError('command_conflict');
    return entry.answer;
  }

  keep(id: string, asked: string, answer: StoredAnswer, now: number): void {
    this.#kv.put(key(id, now), { asked: shortHash(asked), answer } satisfies Entry);
    this.prune(now);
  }

  /** More answers are due than one turn may delete: call `prune` again. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** Deletes answers older than yesterday, or a batch of them. */
  prune(now: number): void {
    const yesterday = day(now - DAY_MS);
    if (this.#prunedUpTo === yesterday) return;
    const old = [...this.#kv.list({ prefix: 'cmd/', end: `cmd/${yesterday}/`, limit: PRUNE_BATCH })];
    for (const [oldKey] of old) this.#kv.delete(oldKey);
    this.#isBehind = old.length === PRUNE_BATCH;
    if (!this.#isBehind) this.#prunedUpTo = yesterday;
  }
}

function day(at: number): string {
  return String(Math.floor(at / DAY_MS)).padStart(6, '0');
}

function key(id: string, at: number): string {
  return `cmd/${day(at)}/${id}`;
}
