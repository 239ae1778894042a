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

interface Entry {
  actor: number;
  /** As bytes: a flipped bit may leave no text. */
  key: Uint8Array;
  value: string;
}

export type ReportFlip = (error: SluiceError, actor: ActorName) => void;

/**
 * Before objects without values are swept. A store that is too large to be checked at the start is left alone: 2 µs a value.
 * @throws what SQLite throws
 */
export function mendFlippedKeys(database: DatabaseSync, report: ReportFlip): void {
  if (number(database, 'PRAGMA page_count') * number(database, 'PRAGMA page_size') > CHECKED_BYTES) return;
  const names = new Map(
    database
      .prepare('SELECT row, class, id FROM actors')
      .all()
      .map((row) => [Number(row['row']), { class: String(row['class']), id: String(row['id']) }]),
  );
  const unfit = unfitEntries(database, names);
  if (unfit.length === 0) return;
  database.exec('BEGIN IMMEDIATE');
  const mender = new Mender(database, names, report);
  for (const entry of unfit) mender.mend(entry);
  database.exec('COMMIT');
}

type Names = Map<number, ActorName>;

function unfitEntries(database: DatabaseSync, names: Names): Entry[] {
  const found: Entry[] = [];
  const entries = database.prepare('SELECT actor, CAST(key AS BLOB) AS key, value FROM entries').iterate();
  for (const entry of entries as Iterable<object> as Iterable<Entry>) {
    if (fits(names, entry)) continue;
    if (found.push(entry) === MOST) break;
  }
  return found;
}

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

  mend(entry: Entry): void {
    // What was done for another entry of the same object may have put this one right.
    if (fits(this.#names, entry)) return;
    if (this.#mendKey(entry) || this.#mendName(entry) || this.#mendNumber(entry)) return;
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
