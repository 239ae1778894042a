/** `ctx.storage`: checks and encodes what one object reads and writes. */
import { type SluiceError, toSluiceError } from '../../protocol/error.ts';
import { checkKey } from './limits.ts';
import { readList, readValue } from './read.ts';
import type { ActorRows, Store } from './store.ts';
import type { DurableKv, DurableStorage, KvListOptions } from './types.ts';
import { encodeValue } from './value.ts';

/** The activation that a storage belongs to. */
export interface StorageOwner {
  readonly rows: ActorRows;
  readonly store: Pick<Store, 'attempt'>;
  readonly hasAlarmHandler: boolean;
  /** @throws SluiceError `internal_error` after a reset or an eviction */
  assertAlive(): void;
  /** Called before each write: schedules a commit. */
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
    return readValue<T>(this.#owner.rows, key);
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

  list<T>(options?: KvListOptions): [key: string, value: T][] {
    this.#owner.assertAlive();
    return readList<T>(this.#owner.rows, options);
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
    // Rounded up, so that it is never early.
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
