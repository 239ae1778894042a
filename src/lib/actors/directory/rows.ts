/**
 * What the directory stores: a person under `p/ID`; their id under `n/NAME`; the owner of a list under `l/LIST`; a list that was
 * shared with a person under `w/PERSON/LIST`; a link that sets a password or an account under `i/HASH`; whose an issuer's
 * account is under `o/HASH`.
 */
import { SluiceError } from '../../protocol/error.ts';
import type { PersonLimits } from '../../protocol/person-limits.ts';
import type { Role } from '../../protocol/people.ts';
import { nameKey } from '../../protocol/people.ts';
import type { DurableKv } from '../durable/types.ts';
import { type DamagedEntry, MendedKv } from '../session/mended-kv.ts';

const VERSION = 1;

/** Code points of a name that gets a number: a name has at most 64 UTF-16 units, two for each, and 6 for the number. */
const MAX_NUMBERED = 28;

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
  /** The hash of the issuer's account with which the person signs in; absent = of none. */
  identity?: string;
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

export interface PersonList extends OwnList {
  /** Who shared it; null = it is the person's own. */
  sharedBy: string | null;
}

export interface Invitation {
  /** null = the first person, who chooses a name. */
  person: string | null;
  expiresAt: number;
}

/** Whose an issuer's account is, when it is nobody's any more: who was removed does not come back by signing in. */
export const REMOVED = '';

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

  /** Null also for one that is being removed. */
  staying(id: string): PersonRow | null {
    const row = this.get(id);
    return row === null || row.leaving !== null ? null : row;
  }

  idOf(name: string): string | null {
    return this.kv.get<string>(`n/${nameKey(name)}`) ?? null;
  }

  /** The first that nobody has, or the first of all with a number. */
  freeName(names: readonly [string, ...string[]]): string {
    const free = names.find((name) => this.idOf(name) === null);
    if (free !== undefined) return free;
    const base = [...names[0]].slice(0, MAX_NUMBERED).join('');
    for (let n = 2; ; n++) if (this.idOf(`${base} (${n})`) === null) return `${base} (${n})`;
  }

  ownerOf(list: string): string | null {
    return this.kv.get<string>(`l/${list}`) ?? null;
  }

  listsOf(id: string, { lists }: Pick<PersonRow, 'lists'>): PersonList[] {
    const shared = this.kv.list({ prefix: `w/${id}/` }).flatMap(([key]) => {
      const list = key.slice(`w/${id}/`.length);
      const owner = this.ownerOf(list);
      const row = owner === null ? null : this.staying(owner);
      const name = row?.lists.find((own) => own.id === list)?.name;
      return row === null || name === undefined ? [] : [{ id: list, name, sharedBy: row.name }];
    });
    return [...lists.map((list) => ({ ...list, sharedBy: null })), ...shared];
  }

  all(): [id: string, row: PersonRow][] {
    return this.kv.list<PersonRow>({ prefix: 'p/' }).map(([key, row]) => [key.slice(2), row]);
  }

  save(id: string, row: Omit<PersonRow, 'v'>): void {
    this.kv.put(`p/${id}`, { ...row, v: VERSION });
  }

  /** Their lists stay marked as owned, and an issuer's account as that of somebody who was removed. */
  forget(id: string, { name, lists, identity }: PersonRow): void {
    for (const [key] of this.kv.list({ prefix: `w/${id}/` })) this.kv.delete(key);
    for (const { id: list } of lists) for (const [other] of this.all()) this.kv.delete(`w/${other}/${list}`);
    if (identity !== undefined) this.kv.put(`o/${identity}`, REMOVED);
    this.kv.delete(`n/${nameKey(name)}`);
    this.kv.delete(`p/${id}`);
  }

  #mend({ key }: DamagedEntry): void {
    const [kind, first = ''] = key.split('/');
    if (kind === 'p') this.#mendPerson(first);
    else if (kind === 'n' || kind === 'l' || kind === 'o') this.#mendIndex(key, kind);
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
    const [identity] = keysOf('o/');
    const lists = keysOf('l/').map((list, at) => ({ id: list, name: at === 0 ? '' : String(at + 1) }));
    this.save(id, {
      name,
      role: 'person',
      password: null,
      epoch: 0,
      createdAt: 0,
      lists,
      leaving: null,
      ...(identity === undefined ? {} : { identity }),
    });
  }

  #mendIndex(key: string, kind: 'n' | 'l' | 'o'): void {
    const value = key.slice(2);
    for (const entry of this.kv.scan<PersonRow>('p/'))
      if ('value' in entry && isIndexed(entry.value, kind, value))
        return this.kv.put(key, entry.key.slice(2));
    // It may have been that of somebody who was removed.
    if (kind === 'o') this.kv.put(key, REMOVED);
    else this.kv.delete(key);
  }
}

function isIndexed({ name, lists, identity }: PersonRow, kind: 'n' | 'l' | 'o', value: string): boolean {
  switch (kind) {
    case 'n':
      return nameKey(name) === value;
    case 'l':
      return lists.some(({ id }) => id === value);
    case 'o':
      return identity === value;
  }
}
