/**
 * The store of the simulated machine: the port of `src/lib/actors/durable/store.ts` in memory. A commit is on the
 * platter when it returns, as with SQLite's WAL and `synchronous = FULL`; what is not committed is gone with the process.
 */
import type { ActorName, ActorRows, AlarmRow, DueAlarm, Store } from '../../src/lib/actors/durable/store.ts';
import type { Life } from '../world/scheduler.ts';

interface Stored {
  name: ActorName;
  values: Map<string, string>;
  /** In the order of their bytes: those of the product are ASCII. */
  keys: string[];
  alarm: AlarmRow | null;
}

/** What outlives processes. */
export class StoredState {
  readonly objects = new Map<string, Stored>();

  /** All values of an object as JSON, by key. */
  valuesOf(className: string, id: string): ReadonlyMap<string, string> {
    return this.objects.get(`${className}\0${id}`)?.values ?? new Map<string, string>();
  }
}

export interface Written {
  /** Of the object. */
  id: string;
  key: string;
}

export interface StoreParts {
  state: StoredState;
  life: Life;
  /** Called before a commit, which fails with what it throws, and after it. */
  onCommit: (when: 'before' | 'after', written: readonly Written[]) => void;
}

export class MemoryStore implements Store {
  isDirty = false;
  writes = 0;
  readonly #parts: StoreParts;
  /** Takes the uncommitted writes back, the last first. */
  #undo: (() => void)[] = [];
  #written: Written[] = [];

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  rows(name: ActorName): ActorRows {
    return new MemoryRows(this, this.#parts.state, name);
  }

  /** @param undo takes it back */
  wrote(id: string, key: string, undo: () => void): void {
    this.isDirty = true;
    this.writes++;
    this.#undo.push(undo);
    this.#written.push({ id, key });
  }

  get isOfDeadProcess(): boolean {
    return !this.#parts.life.isAlive;
  }

  attempt<T>(work: () => T): T {
    const start = this.#undo.length;
    try {
      return work();
    } catch (error) {
      for (const undo of this.#undo.splice(start).reverse()) undo();
      throw error;
    }
  }

  commit(): void {
    const { life, onCommit } = this.#parts;
    const written = this.#written;
    if (!life.isAlive) return;
    onCommit('before', written);
    if (!life.isAlive) return;
    this.#end();
    onCommit('after', written);
  }

  rollback(): void {
    for (const undo of this.#undo.reverse()) undo();
    this.#end();
  }

  #end(): void {
    this.#undo = [];
    this.#written = [];
    this.isDirty = false;
    this.writes = 0;
  }

  alarms(limit: number): DueAlarm[] {
    const found: DueAlarm[] = [];
    for (const { name, alarm } of this.#parts.state.objects.values()) {
      if (alarm !== null) found.push({ ...name, ...alarm });
    }
    return found.sort((a, b) => a.at - b.at).slice(0, limit);
  }

  ids(className: string, after: string, limit: number): string[] {
    const all = [...this.#parts.state.objects.values()].filter(({ name }) => name.class === className);
    const ids = all.map(({ name }) => name.id).filter((id) => id > after);
    return ids.sort().slice(0, limit);
  }

  close(): void {}
}

class MemoryRows implements ActorRows {
  readonly #store: MemoryStore;
  readonly #state: StoredState;
  readonly #name: ActorName;

  constructor(store: MemoryStore, state: StoredState, name: ActorName) {
    this.#store = store;
    this.#state = state;
    this.#name = name;
  }

  get #stored(): Stored | undefined {
    return this.#state.objects.get(`${this.#name.class}\0${this.#name.id}`);
  }

  #make(): Stored {
    const known = this.#stored;
    if (known !== undefined) return known;
    const made: Stored = { name: this.#name, values: new Map(), keys: [], alarm: null };
    this.#state.objects.set(`${this.#name.class}\0${this.#name.id}`, made);
    return made;
  }

  get(key: string): string | undefined {
    return this.#stored?.values.get(key);
  }

  put(key: string, text: string): void {
    if (this.#store.isOfDeadProcess) return;
    const stored = this.#make();
    const before = stored.values.get(key);
    set(stored, key, text);
    this.#store.wrote(this.#name.id, key, () => set(stored, key, before));
  }

  delete(key: string): boolean {
    const stored = this.#stored;
    const before = stored?.values.get(key);
    if (stored === undefined || before === undefined || this.#store.isOfDeadProcess) return false;
    set(stored, key, undefined);
    this.#store.wrote(this.#name.id, key, () => set(stored, key, before));
    return true;
  }

  *list({
    lower,
    upper,
    reverse,
  }: {
    lower: string;
    upper: string | null;
    reverse: boolean;
  }): Iterable<[string, string]> {
    const stored = this.#stored;
    if (stored === undefined) return;
    const from = placeOf(stored.keys, lower);
    const to = upper === null ? stored.keys.length : placeOf(stored.keys, upper);
    const keys = stored.keys.slice(from, to);
    for (const key of reverse ? keys.reverse() : keys) yield [key, stored.values.get(key) as string];
  }

  size(after: string, limit: number): { bytes: number; last: string | null } {
    const stored = this.#stored;
    if (stored === undefined) return { bytes: 0, last: null };
    const keys = stored.keys.filter((key) => key > after).slice(0, limit);
    const bytes = keys.reduce((sum, key) => sum + key.length + (stored.values.get(key) ?? '').length, 0);
    return { bytes, last: keys.at(-1) ?? null };
  }

  getAlarm(): AlarmRow | null {
    return this.#stored?.alarm ?? null;
  }

  setAlarm(alarm: AlarmRow | null): void {
    if (this.#store.isOfDeadProcess) return;
    const stored = this.#make();
    const before = stored.alarm;
    stored.alarm = alarm;
    this.#store.wrote(this.#name.id, 'alarm', () => (stored.alarm = before));
  }
}

function set(stored: Stored, key: string, text: string | undefined): void {
  const { keys, values } = stored;
  const isThere = values.has(key);
  if (text === undefined) {
    values.delete(key);
    if (isThere) keys.splice(placeOf(keys, key), 1);
    return;
  }
  values.set(key, text);
  if (!isThere) keys.splice(placeOf(keys, key), 0, key);
}

/** Where a key is, or would be. */
function placeOf(keys: readonly string[], key: string): number {
  let [from, to] = [0, keys.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((keys[middle] as string) < key) from = middle + 1;
    else to = middle;
  }
  return from;
}
