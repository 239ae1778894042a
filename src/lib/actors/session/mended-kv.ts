/**
 * A session's values, where some may be damaged. The embedded host refuses to read one whose checksum is wrong
 * (`row_damaged`); it is replaced at once by what the rest of the storage says of it, so that one flipped bit costs one
 * download and not the list. The host keeps what was replaced. (On workerd no value is refused.)
 */
import { SluiceError } from '../../protocol/error.ts';
import type { DurableKv, KvListOptions } from '../durable/types.ts';

export interface DamagedEntry {
  key: string;
  /** What is stored, as far as it can be read. */
  text: string | null;
}

/** Damaged values of one list; more are no accident, and the session fails. */
const MENDED = 10_000;

const SCANNED_TOGETHER = 1000;

export class MendedKv implements DurableKv {
  readonly #kv: DurableKv;
  readonly #mend: (damage: DamagedEntry) => void;

  /** @param mend replaces or deletes a damaged value; reads others by `scan` */
  constructor(kv: DurableKv, mend: (damage: DamagedEntry) => void) {
    this.#kv = kv;
    this.#mend = mend;
  }

  get<T>(key: string): T | undefined {
    return this.#mended(() => this.#kv.get<T>(key));
  }

  put<T>(key: string, value: T): void {
    this.#kv.put(key, value);
  }

  delete(key: string): boolean {
    return this.#kv.delete(key);
  }

  list<T>(options?: KvListOptions): [key: string, value: T][] {
    return this.#mended(() => {
      const found = this.#kv.list<T>(options);
      // The embedded host's is one already.
      return Array.isArray(found) ? (found as [string, T][]) : [...found];
    });
  }

  /** All under a prefix as they are: damaged ones are not mended, so that mending can read them. */
  *scan<T>(prefix: string): Iterable<{ key: string; value: T } | DamagedEntry> {
    let from: Pick<KvListOptions, 'startAfter'> = {};
    for (;;) {
      const { entries, damage } = this.#readTo<T>({ prefix, limit: SCANNED_TOGETHER, ...from });
      for (const [key, value] of entries) yield { key, value };
      if (damage !== null) yield damage;
      const last = damage?.key ?? entries.at(-1)?.[0];
      if (last === undefined || (damage === null && entries.length < SCANNED_TOGETHER)) return;
      from = { startAfter: last };
    }
  }

  /** A list up to its first damaged value. */
  #readTo<T>(options: KvListOptions): { entries: [string, T][]; damage: DamagedEntry | null } {
    try {
      return { entries: [...this.#kv.list<T>(options)], damage: null };
    } catch (error) {
      if (!isDamage(error)) throw error;
      return { entries: [...this.#kv.list<T>({ ...options, end: error.key })], damage: error };
    }
  }

  #mended<R>(read: () => R): R {
    for (let count = 0; ; count += 1) {
      try {
        return read();
      } catch (error) {
        if (!isDamage(error) || count === MENDED) throw error;
        this.#mend(error);
      }
    }
  }
}

function isDamage(error: unknown): error is SluiceError & DamagedEntry {
  return error instanceof SluiceError && error.code === 'row_damaged' && 'key' in error;
}
