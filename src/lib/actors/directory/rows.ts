/**
 * What the directory stores: a person under `p/ID`; their id under `n/NAME`; the owner of a list under `l/LIST`; a list that was
 * shared with a person under `w/PERSON/LIST`; a link that sets a password under `i/HASH`.
 */
import { SluiceError } from '../../protocol/error.ts';
import type { PersonLimits } from '../../protocol/person-limits.ts';
import type { Role } from '../../protocol/people.ts';
import { nameKey } from '../../protocol/people.ts';
import type { DurableKv } from '../durable/types.ts';
import { type DamagedEntry, MendedKv } from '../session/mended-kv.ts';

const VERSION = 1;

export interface OwnList {
  id: string;
  /** '' = the first. */
  name: string;
}

export interface PersonRow {
  v: typeof VERSION;
  name: string;
  role: Role;
  /** As `channel/people/passwords.ts` writes it; null = none was set. */
  password: string | null;
  /** Counts what ends earlier sign-ins: a new password, signing out everywhere. */
  epoch: number;
  createdAt: number;
  /** The first is opened where no other is asked for. */
  lists: OwnList[];
  /** Set while the person is being removed: what becomes of their files. */
  leaving: 'keep' | 'delete' | null;
  /** Absent = none. */
  limits?: PersonLimits;
}

export interface Invitation {
  /** null = the first person, who chooses a name. */
  person: string | null;
  expiresAt: number;
}

export class DirectoryRows {
  /** A damaged value is replaced by what the others say of it. */
  readonly kv: MendedKv;

  constructor(kv: DurableKv) {
    this.kv = new MendedKv(kv, (damage) => this.#mend(damage));
  }

  /** @throws SluiceError `store_newer` */
  get(id: string): PersonRow | null {
    const row = this.kv.get<PersonRow>(`p/${id}`);
    if (row === undefined) return null;
    if (row.v === VERSION) return row;
    throw new SluiceError(
      'store_newer',
      `The directory has version ${String(row.v)}; this Sluice knows ${VERSION}.`,
    );
  }

  idOf(name: string): string | null {
    return this.kv.get<string>(`n/${nameKey(name)}`) ?? null;
  }

  ownerOf(list: string): string | null {
    return this.kv.get<string>(`l/${list}`) ?? null;
  }

  all(): [id: string, row: PersonRow][] {
    return this.kv.list<PersonRow>({ prefix: 'p/' }).map(([key, row]) => [key.slice(2), row]);
  }

  save(id: string, row: Omit<PersonRow, 'v'>): void {
    this.kv.put(`p/${id}`, { ...row, v: VERSION });
  }

  #mend({ key }: DamagedEntry): void {
    const [kind, first = ''] = key.split('/');
    if (kind === 'p') this.#mendPerson(first);
    else if (kind === 'n' || kind === 'l') this.#mendIndex(key, kind);
    // Who had a share or a link has none.
    else this.kv.delete(key);
  }

  /** Name and lists are in the indexes; the password has to be set again, and an operator has to be made one again. */
  #mendPerson(id: string): void {
    const keysOf = (prefix: string): string[] =>
      [...this.kv.scan<string>(prefix)].flatMap((entry) =>
        'value' in entry && entry.value === id ? [entry.key.slice(prefix.length)] : [],
      );
    const [name = id] = keysOf('n/');
    const lists = keysOf('l/').map((list, at) => ({ id: list, name: at === 0 ? '' : String(at + 1) }));
    this.save(id, {
      name,
      role: 'person',
      password: null,
      epoch: 0,
      createdAt: 0,
      lists,
      leaving: null,
    });
  }

  #mendIndex(key: string, kind: 'n' | 'l'): void {
    const value = key.slice(2);
    for (const entry of this.kv.scan<PersonRow>('p/')) {
      if (!('value' in entry)) continue;
      const { name, lists } = entry.value;
      const isIt = kind === 'n' ? nameKey(name) === value : lists.some(({ id }) => id === value);
      if (isIt) return this.kv.put(key, entry.key.slice(2));
    }
    this.kv.delete(key);
  }
}
