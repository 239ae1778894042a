/** `ctx.storage`: checks and encodes, and keeps the books that undoing needs. All of it works in microtasks. */
import { SluiceError, toSluiceError } from '../../protocol/error.ts';
import type { Journal } from './journal.ts';
import { compareKeys, keyRange } from './keys.ts';
import { checkBatch, checkKey, limit, LIMITS } from './limits.ts';
import type { DurableStorage, DurableTransaction, ListOptions } from './types.ts';
import { decodeValue, encodeValue } from './value.ts';

/** One life of an object, as far as its storage is concerned. */
export interface StorageOwner {
  readonly journal: Journal;
  readonly hasAlarmHandler: boolean;
  /** `running`: in `alarm()`, which has not touched its alarm; the row is still there, but reads as none. */
  alarm: 'none' | 'running' | 'replaced';
  readonly isAlive: boolean;
  /** @throws SluiceError `internal_error` after a reset or an eviction */
  assertAlive(): void;
  /** Before the first write of a group: brings about a commit. */
  touch(): void;
  /** The store itself failed: nothing uncommitted survives. */
  storeFailed(error: SluiceError): void;
  /** No event is delivered until `release`. */
  hold(reason: 'transaction'): void;
  release(reason: 'transaction'): void;
  /** Resolves when what is written now is on disk. */
  committed(): Promise<void>;
}

class ReadWrite {
  protected readonly owner: StorageOwner;
  protected readonly journal: Journal;

  constructor(owner: StorageOwner, journal: Journal) {
    this.owner = owner;
    this.journal = journal;
  }

  /** @throws SluiceError when the storage is not to be used any more */
  protected assertUsable(): void {
    this.owner.assertAlive();
  }

  protected write<T>(change: () => T): T {
    this.assertUsable();
    this.owner.touch();
    try {
      return change();
    } catch (error) {
      const failure = toSluiceError(error);
      this.owner.storeFailed(failure);
      throw failure;
    }
  }

  get<T>(key: string): Promise<T | undefined>;
  get<T>(keys: string[]): Promise<Map<string, T>>;
  async get(keys: string | string[]): Promise<unknown> {
    this.assertUsable();
    if (!Array.isArray(keys)) {
      checkKey(keys);
      return this.#read(keys);
    }
    checkBatch(keys.length);
    keys.forEach(checkKey);
    const found = new Map<string, unknown>();
    for (const key of keys.toSorted(compareKeys)) {
      const value = this.#read(key);
      if (value !== undefined) found.set(key, value);
    }
    return found;
  }

  #read(key: string): unknown {
    const text = this.journal.rows.get(key);
    return text === undefined ? undefined : decodeValue(text);
  }

  put<T>(key: string, value: T): Promise<void>;
  put<T>(entries: Record<string, T>): Promise<void>;
  async put(keyOrEntries: string | Record<string, unknown>, value?: unknown): Promise<void> {
    const entries =
      typeof keyOrEntries === 'string' ? [[keyOrEntries, value] as const] : Object.entries(keyOrEntries);
    checkBatch(entries.length);
    // All are checked before any is written.
    const texts = entries.map(([key, item]) => {
      checkKey(key);
      return [key, encodeValue(item)] as const;
    });
    this.write(() => {
      for (const [key, text] of texts) this.journal.put(key, text);
    });
  }

  delete(key: string): Promise<boolean>;
  delete(keys: string[]): Promise<number>;
  async delete(keys: string | string[]): Promise<boolean | number> {
    if (!Array.isArray(keys)) {
      checkKey(keys);
      return this.write(() => this.journal.delete(keys));
    }
    checkBatch(keys.length);
    keys.forEach(checkKey);
    return this.write(() => keys.filter((key) => this.journal.delete(key)).length);
  }

  async list<T>(options: ListOptions = {}): Promise<Map<string, T>> {
    this.assertUsable();
    const range = keyRange(options);
    const found = new Map<string, T>();
    if (range === null) return found;
    let length = 0;
    for (const [key, text] of this.journal.rows.list(range)) {
      if (found.size === range.limit) {
        if (range.isLimited) break;
        throw limit(`A list has at most ${LIMITS.listEntries} entries: page with limit and startAfter.`);
      }
      length += text.length;
      if (length > LIMITS.listLength) {
        throw limit(
          `A list has at most ${LIMITS.listLength} characters of JSON: page with limit and startAfter.`,
        );
      }
      found.set(key, decodeValue(text) as T);
      if (found.size === range.limit && range.isLimited) break;
    }
    return found;
  }
}

class Transaction extends ReadWrite implements DurableTransaction {
  #isOver = false;

  constructor(owner: StorageOwner) {
    super(owner, owner.journal.fork());
  }

  protected override assertUsable(): void {
    super.assertUsable();
    if (this.#isOver) throw new SluiceError('internal_error', 'This transaction is over.');
  }

  rollback(): void {
    // After a reset everything is undone already.
    if (this.#isOver || !this.owner.isAlive) return;
    this.write(() => {
      this.journal.undo();
    });
    this.#isOver = true;
    this.owner.journal.drop(this.journal);
  }

  /** @throws SluiceError `internal_error` when the object was reset meanwhile */
  finish(): void {
    if (this.#isOver) return;
    this.assertUsable();
    this.#isOver = true;
    this.owner.journal.absorb(this.journal);
  }
}

export class ActorStorage extends ReadWrite implements DurableStorage {
  /** Transactions of one object run one after the other. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(owner: StorageOwner) {
    super(owner, owner.journal);
  }

  transaction<T>(closure: (txn: DurableTransaction) => Promise<T>): Promise<T> {
    const run = async (): Promise<T> => {
      this.assertUsable();
      const txn = new Transaction(this.owner);
      try {
        const result = await closure(txn);
        txn.finish();
        return result;
      } catch (error) {
        txn.rollback();
        throw error;
      }
    };
    this.owner.hold('transaction');
    const result = this.#last.then(run).finally(() => {
      this.owner.release('transaction');
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  async deleteAll(): Promise<void> {
    this.write(() => {
      this.journal.clear();
    });
    if (this.owner.alarm === 'running') this.owner.alarm = 'replaced';
  }

  async getAlarm(): Promise<number | null> {
    this.assertUsable();
    if (this.owner.alarm === 'running') return null;
    return this.journal.rows.getAlarm()?.at ?? null;
  }

  async setAlarm(scheduledTime: number | Date): Promise<void> {
    // Late rather than early.
    const at = Math.ceil(Number(scheduledTime));
    if (!Number.isSafeInteger(at)) throw new TypeError('An alarm needs a time in epoch milliseconds.');
    if (!this.owner.hasAlarmHandler) throw new TypeError('An alarm needs an alarm() handler.');
    this.#writeAlarm({ at, retries: 0 });
  }

  async deleteAlarm(): Promise<void> {
    this.#writeAlarm(null);
  }

  #writeAlarm(alarm: { at: number; retries: number } | null): void {
    this.write(() => {
      this.journal.setAlarm(alarm);
    });
    if (this.owner.alarm === 'running') this.owner.alarm = 'replaced';
  }

  // Holds nothing: who sends something on after the commit must not keep later turns out of the same commit.
  async sync(): Promise<void> {
    this.assertUsable();
    await this.owner.committed();
  }
}
