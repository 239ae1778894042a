/**
 * Puts right what one flipped bit has hidden: a value under another key or of another object would never be read, and
 * nothing would say so. Its checksum covers key and object, so the bit is found by trying each.
 */
import type { DatabaseSync } from 'node:sqlite';
import { SluiceError } from '../../protocol/error.ts';
import { checkedText, hasOwnChecksum, seedOf } from './checked-text.server.ts';
import { CHECKED_BYTES } from './inspect.server.ts';
import { number } from './pragma.server.ts';
import type { ActorName } from './store.ts';

/** More is no accident of single bits. */
const MOST = 10_000;

/** Before all numbers: a flipped bit may have made one negative. */
const FIRST = Number.MIN_SAFE_INTEGER;
const NO_KEY = new Uint8Array(0);
const ENTRIES = `SELECT actor, CAST(key AS BLOB) AS key, value FROM entries
  WHERE (actor, key) > (?, CAST(? AS TEXT)) ORDER BY actor, key LIMIT ?`;

export interface Entry {
  actor: number;
  /** As bytes: a flipped bit may leave no text. */
  key: Uint8Array;
  value: string;
}

export type ReportFlip = (error: SluiceError, actor: ActorName) => void;

/** The entry up to which a store was read; null = nothing yet. */
export type ReadUpTo = Pick<Entry, 'actor' | 'key'> | null;

interface MendOptions {
  report: ReportFlip;
  /** Whether an object has something in memory, which would be written over what was put right. */
  isInUse?: (actor: ActorName) => boolean;
}

/**
 * Before objects without values are swept. A store that is too large to be checked at the start is left to
 * `background-scan.server.ts`: 2 µs a value.
 * @throws what SQLite throws
 */
export function mendFlippedKeys(database: DatabaseSync, report: ReportFlip): void {
  if (isLarge(database)) return;
  const { unfit } = unfitEntries(database);
  if (unfit.length === 0) return;
  database.exec('BEGIN IMMEDIATE');
  mendEntries(database, unfit, { report });
  database.exec('COMMIT');
}

/** Too large to be checked at the start. */
export function isLarge(database: DatabaseSync): boolean {
  return number(database, 'PRAGMA page_count') * number(database, 'PRAGMA page_size') > CHECKED_BYTES;
}

/**
 * What does not fit among the next `count` entries.
 * @returns `readUpTo` null = there are no more
 */
export function unfitEntries(
  database: DatabaseSync,
  after: ReadUpTo = null,
  count = Number.MAX_SAFE_INTEGER,
): { unfit: Entry[]; readUpTo: ReadUpTo } {
  const unfit: Entry[] = [];
  const actors = database.prepare('SELECT class, id FROM actors WHERE row = ?');
  const names: Names = new Map();
  let read = 0;
  let last: Entry | null = null;
  const entries = database.prepare(ENTRIES).iterate(after?.actor ?? FIRST, after?.key ?? NO_KEY, count);
  for (const entry of entries as Iterable<object> as Iterable<Entry>) {
    if (entry.actor !== last?.actor) {
      const name = actors.get(entry.actor) as ActorName | undefined;
      if (name !== undefined) names.set(entry.actor, name);
    }
    read += 1;
    last = entry;
    if (!fits(names, entry) && unfit.push(entry) === MOST) break;
  }
  return { unfit, readUpTo: read < count ? null : last };
}

/**
 * Within a transaction.
 * @returns whether there are objects in use, to which some of it may belong
 * @throws what SQLite throws
 */
export function mendEntries(
  database: DatabaseSync,
  unfit: Entry[],
  { report, isInUse = () => false }: MendOptions,
): boolean {
  const stored = database.prepare('SELECT row, class, id FROM actors').all();
  const all = stored.map(
    (row) => [Number(row['row']), { class: String(row['class']), id: String(row['id']) }] as const,
  );
  const inUse = new Set(all.flatMap(([row, name]) => (isInUse(name) ? [row] : [])));
  const mender = new Mender(database, new Map(all.filter(([row]) => !inUse.has(row))), report);
  for (const entry of unfit) {
    if (inUse.has(entry.actor) || mender.mend(entry)) continue;
    // It may be of one that is in use.
    if (inUse.size === 0) mender.reportLost(entry);
  }
  return inUse.size > 0;
}

type Names = Map<number, ActorName>;

function fits(names: Names, { actor, key, value }: Entry): boolean {
  const name = names.get(actor);
  return name !== undefined && checkedText(seedOf(name), textOf(key), value) !== null;
}

class Mender {
  readonly #database: DatabaseSync;
  readonly #names: Names;
  readonly #report: ReportFlip;

  constructor(database: DatabaseSync, names: Names, report: ReportFlip) {
    this.#database = database;
    this.#names = names;
    this.#report = report;
  }

  mend(entry: Entry): boolean {
    // What was done for another entry of the same object may have put this one right.
    if (fits(this.#names, entry)) return true;
    return this.#mendKey(entry) || this.#mendName(entry) || this.#mendNumber(entry);
  }

  reportLost(entry: Entry): void {
    if (!this.#names.has(entry.actor)) this.#say(entry, 'belongs to no list any more: it is left as it is');
  }

  #mendKey(entry: Entry): boolean {
    const name = this.#names.get(entry.actor);
    if (name === undefined) return false;
    const seed = seedOf(name);
    const key = flips(entry.key).find((one) => checkedText(seed, one, entry.value) !== null);
    if (key === undefined) return false;
    const { changes } = this.#database
      .prepare('UPDATE OR IGNORE entries SET key = ? WHERE actor = ? AND key = CAST(? AS TEXT)')
      .run(key, entry.actor, entry.key);
    if (changes === 1)
      this.#say({ ...entry, key: Buffer.from(key) }, 'had a flipped bit in its key: it is put right');
    return changes === 1;
  }

  #mendName(entry: Entry): boolean {
    const { actor } = entry;
    const name = this.#names.get(actor);
    if (name === undefined) return false;
    const right = [
      ...flips(Buffer.from(name.id)).map((id) => ({ ...name, id })),
      ...flips(Buffer.from(name.class)).map((className) => ({ ...name, class: className })),
    ].find((one) => this.#isOf(entry, one));
    if (right === undefined) return false;
    const { changes } = this.#database
      .prepare('UPDATE OR IGNORE actors SET class = ?, id = ? WHERE row = ?')
      .run(right.class, right.id, actor);
    if (changes === 0) return false;
    this.#names.set(actor, right);
    this.#say(entry, 'is of a list that had a flipped bit in its key: it is put right');
    return true;
  }

  #mendNumber(entry: Entry): boolean {
    const { actor } = entry;
    for (const [other, name] of this.#names) {
      if (!isOneBit(actor ^ other) || !this.#isOf(entry, name)) continue;
      if (this.#names.has(actor) || this.#hasEntries(other))
        this.#database
          .prepare('UPDATE OR IGNORE entries SET actor = ? WHERE actor = ? AND key = CAST(? AS TEXT)')
          .run(other, actor, entry.key);
      else {
        this.#database.prepare('UPDATE actors SET row = ? WHERE row = ?').run(actor, other);
        this.#names.delete(other);
        this.#names.set(actor, name);
      }
      this.#say(
        { ...entry, actor: this.#names.has(other) ? other : actor },
        'had a flipped bit in the number of its list: it is put right',
      );
      return true;
    }
    return false;
  }

  #hasEntries(actor: number): boolean {
    return this.#database.prepare('SELECT 1 FROM entries WHERE actor = ? LIMIT 1').get(actor) !== undefined;
  }

  #isOf({ key, value }: Entry, name: ActorName): boolean {
    return hasOwnChecksum(seedOf(name), textOf(key), value);
  }

  #say({ actor, key }: Entry, what: string): void {
    const name = this.#names.get(actor) ?? { class: '?', id: '?' };
    this.#report(
      new SluiceError('row_damaged', `The stored value with the key ${textOf(key)} ${what}.`),
      name,
    );
  }
}

/** All texts that differ in one bit. */
function flips(bytes: Uint8Array): string[] {
  const found: string[] = [];
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const other = Buffer.from(bytes);
    other[bit >> 3] = (other[bit >> 3] as number) ^ (1 << (bit & 7));
    const text = other.toString();
    if (Buffer.from(text).equals(other)) found.push(text);
  }
  return found;
}

function isOneBit(bits: number): boolean {
  return bits !== 0 && (bits & (bits - 1)) === 0;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString();
}
