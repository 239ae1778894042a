/** `ctx.storage`: checks and encodes what one object reads and writes. */
import { type SluiceError, toSluiceError } from '../../protocol/error.ts';
import { keyRange } from './keys.ts';
import { checkKey, limit, LIMITS } from './limits.ts';
import type { ActorRows, Store } from './store.ts';
import type { DurableKv, DurableStorage, ListOptions } from './types.ts';
import { decodeValue, encodeValue } from './value.ts';

/** One activation of an object, as far as its storage is concerned. */
export interface StorageOwner {
  readonly rows: ActorRows;
  readonly store: Pick<Store, 'attempt'>;
  readonly hasAlarmHandler: boolean;
  /** @throws SluiceError `internal_error` after a reset or an eviction */
  assertAlive(): void;
  /** Before each write: brings about a commit. */
  touch(): void;
  /** The store itself failed: nothing uncommitted survives. */
  storeFailed(error: SluiceError): void;
  /** Resolves when what is written now is on disk. */
  committed(): Promise<void>;
}

function write<T>(owner: StorageOwner, change: (rows: ActorRows) => T): T {
  owner.assertAlive();
  owner.touch();
  try {
    return change(owner.rows);
  } catch (error) {
    const failure = toSluiceError(error);
    owner.storeFailed(failure);
    throw failure;
  }
}

class ActorKv implements DurableKv {
  readonly #owner: StorageOwner;

  constructor(owner: StorageOwner) {
    this.#owner = owner;
  }

  get<T>(key: string): T | undefined {
    this.#owner.assertAlive();
    checkKey(key);
    const text = this.#owner.rows.get(key);
    return text === undefined ? undefined : (decodeValue(text) as T);
  }

  put<T>(key: string, value: T): void {
    checkKey(key);
    const text = encodeValue(value);
    write(this.#owner, (rows) => {
      rows.put(key, text);
    });
  }

  delete(key: string): boolean {
    checkKey(key);
    return write(this.#owner, (rows) => rows.delete(key));
  }

  list<T>(options: ListOptions = {}): [key: string, value: T][] {
    this.#owner.assertAlive();
    const range = keyRange(options);
    const found: [string, T][] = [];
    if (range === null) return found;
    let length = 0;
    for (const [key, text] of this.#owner.rows.list(range)) {
      if (found.length === range.limit) {
        if (range.isLimited) break;
        throw limit(`A list has at most ${LIMITS.listEntries} entries: page with limit and startAfter.`);
      }
      length += text.length;
      if (length > LIMITS.listLength) {
        throw limit(
          `A list has at most ${LIMITS.listLength} characters of JSON: page with limit and startAfter.`,
        );
      }
      found.push([key, decodeValue(text) as T]);
      if (found.length === range.limit && range.isLimited) break;
    }
    return found;
  }
}

export class ActorStorage implements DurableStorage {
  readonly kv: DurableKv;
  readonly #owner: StorageOwner;

  constructor(owner: StorageOwner) {
    this.#owner = owner;
    this.kv = new ActorKv(owner);
  }

  transactionSync<T>(closure: () => T): T {
    this.#owner.assertAlive();
    return this.#owner.store.attempt(closure);
  }

  async getAlarm(): Promise<number | null> {
    this.#owner.assertAlive();
    return this.#owner.rows.getAlarm()?.at ?? null;
  }

  setAlarm(scheduledTime: number | Date): Promise<void> {
    // Late rather than early.
    const at = Math.ceil(Number(scheduledTime));
    if (!Number.isSafeInteger(at)) throw new TypeError('An alarm needs a time in epoch milliseconds.');
    if (!this.#owner.hasAlarmHandler) throw new TypeError('An alarm needs an alarm() handler.');
    write(this.#owner, (rows) => {
      rows.setAlarm({ at, retries: 0 });
    });
    return Promise.resolve();
  }

  async sync(): Promise<void> {
    this.#owner.assertAlive();
    await this.#owner.committed();
  }
}
