/**
 * Who may sign in, and which lists are whose. One object, asked at sign-in and where people are managed, never by the page's
 * channel: whether a browser is still admitted is in the list's own storage (`session/devices.ts`). It sees no password, only
 * what the edge has hashed.
 */
import { SluiceError } from '../../protocol/error.ts';
import { MAX_LISTS, MAX_PEOPLE, nameKey, type Role } from '../../protocol/people.ts';
import type { PersonLimits } from '../../protocol/person-limits.ts';
import type { DurableContext } from '../durable/types.ts';
import { type Account, type OpenedList, type Person, personOf, type PresentedList } from './person.ts';
import { Invitations } from './invitations.ts';
import { DirectoryRows, type PersonList, type PersonRow, REMOVED } from './rows.ts';

export interface DirectoryEnv {
  now(): number;
  newId(): string;
}

/** The only object of its class. */
export const DIRECTORY = 'directory';

export class Directory {
  readonly #rows: DirectoryRows;
  readonly #invitations: Invitations;
  readonly #env: DirectoryEnv;

  constructor(ctx: DurableContext, env: DirectoryEnv) {
    this.#rows = new DirectoryRows(ctx.storage.kv);
    this.#invitations = new Invitations(this.#rows, () => env.now());
    this.#env = env;
  }

  /** For signing in. Null where nobody of that name may. */
  credentials(name: string): { id: string; epoch: number; password: string | null } | null {
    const id = this.#rows.idOf(name);
    const row = id === null ? null : this.#rows.get(id);
    if (id === null || row === null || row.leaving !== null) return null;
    return { id, epoch: row.epoch, password: row.password };
  }

  /** Which list opens for who has signed in. Null when the person is gone, or when earlier sign-ins were ended meanwhile. */
  open(id: string, epoch: number, presented: PresentedList | null): OpenedList | null {
    const row = this.#rows.staying(id);
    if (row === null || row.epoch !== epoch) return null;
    const lists = this.#rows.listsOf(id, row);
    const present = lists.find(({ id: list }) => list === presented?.list);
    if (present !== undefined) return { person: personOf(id, row), list: present, isAdopted: false };
    const { list, name = '' } = presented ?? {};
    const isFree = list !== undefined && presented?.claimable === true && this.#rows.ownerOf(list) === null;
    if (isFree && row.lists.length < MAX_LISTS) return this.#give(id, row, list, name, true);
    const [first] = lists;
    if (first !== undefined) return { person: personOf(id, row), list: first, isAdopted: false };
    return this.#give(id, row, this.#env.newId(), '', false);
  }

  /** Whether what was true when a list was opened still is. */
  isOpen(id: string, epoch: number, list: string): boolean {
    const row = this.#rows.staying(id);
    return row?.epoch === epoch && this.#rows.listsOf(id, row).some((each) => each.id === list);
  }

  account(id: string): Account | null {
    const row = this.#rows.staying(id);
    return row === null ? null : { person: personOf(id, row), lists: this.#rows.listsOf(id, row) };
  }

  /** Null for a list that nobody owns. */
  ownerOf(list: string): Person | null {
    const id = this.#rows.ownerOf(list);
    const row = id === null ? null : this.#rows.staying(id);
    return id === null || row === null ? null : personOf(id, row);
  }

  /** @throws SluiceError `name_taken`, `too_many_people` */
  add(name: string, role: Role): Person {
    if (this.#rows.idOf(name) !== null) throw new SluiceError('name_taken');
    if (this.#rows.all().length >= MAX_PEOPLE) throw new SluiceError('too_many_people');
    const id = this.#env.newId();
    const row = {
      name,
      role,
      password: null,
      epoch: 0,
      createdAt: this.#env.now(),
      lists: [],
      leaving: null,
    };
    this.#rows.kv.put(`n/${nameKey(name)}`, id);
    this.#rows.save(id, row);
    return personOf(id, row);
  }

  /** For a proxy that says who it is: a person is made at first sight. Null for one that is being removed. */
  named(name: string): Person | null {
    const id = this.#rows.idOf(name);
    if (id === null) return this.add(name, 'person');
    const row = this.#rows.staying(id);
    return row === null ? null : personOf(id, row);
  }

  /**
   * For an issuer's account: a person is made at first sight, with the first of the names that nobody has. Null for one that was
   * removed, or is being removed.
   * @param identity a hash of who the issuer says it is
   * @throws SluiceError `too_many_people`
   */
  identified(identity: string, names: readonly [string, ...string[]]): Person | null {
    const known = this.#rows.kv.get<string>(`o/${identity}`);
    if (known === undefined)
      return this.#identify(this.add(this.#rows.freeName(names), 'person').id, identity);
    const row = known === REMOVED ? null : this.#rows.staying(known);
    return row === null ? null : personOf(known, row);
  }

  people(): Person[] {
    return this.accounts().map(({ person }) => person);
  }

  accounts(): Account[] {
    const all = this.#rows
      .all()
      .map(([id, row]) => ({ person: personOf(id, row), lists: this.#rows.listsOf(id, row) }));
    return all.sort((a, b) => a.person.createdAt - b.person.createdAt);
  }

  /** @throws SluiceError `not_found`, `last_operator` */
  setRole(id: string, role: Role): Person {
    const row = this.#require(id);
    if (role !== 'operator') this.#requireOtherOperator(id, row);
    return this.#update(id, row, { role });
  }

  /** The lists have to be told. @throws SluiceError `not_found` */
  setLimits(id: string, limits: PersonLimits): Account {
    this.#update(id, this.#require(id), { limits });
    return this.account(id) as Account;
  }

  /**
   * @param password null = none is right any more
   * @param epoch in which that was asked for; null = whichever
   * @throws SluiceError `not_found`, `sign_in_required` when it is over
   */
  setPassword(id: string, password: string | null, epoch: number | null = null): Person {
    const row = this.#require(id);
    if (epoch !== null && epoch !== row.epoch) throw new SluiceError('sign_in_required');
    return this.#update(id, row, { password, epoch: row.epoch + 1 });
  }

  /** Ends earlier sign-ins that are still under way. @throws SluiceError `not_found` */
  endSignIns(id: string): Account {
    const row = this.#require(id);
    this.#update(id, row, { epoch: row.epoch + 1 });
    return this.account(id) as Account;
  }

  /**
   * A link that sets a password, in place of an earlier one for the same person. Null = for the first person, and only while
   * there is none.
   * @param hash of what is in the link
   * @throws SluiceError `not_found`
   */
  invite(hash: string, person: string | null, expiresAt: number): void {
    if (person !== null) this.#require(person);
    this.#invitations.add(hash, person, expiresAt);
  }

  /** What a link is for, without using it up. @throws SluiceError `link_used` */
  invitation(hash: string): { name: string | null; expiresAt: number } {
    const { person, expiresAt } = this.#invitations.read(hash);
    return { name: person === null ? null : (this.#rows.staying(person)?.name ?? null), expiresAt };
  }

  /**
   * Uses up a link.
   * @param name of the first person
   * @throws SluiceError `link_used`, `invalid_request` without a name
   */
  accept(hash: string, password: string, name: string | null): Person {
    const { person } = this.#invitations.read(hash);
    if (person === null && name === null)
      throw new SluiceError('invalid_request', 'name: A name is missing.');
    this.#invitations.useUp(hash);
    return this.setPassword(person ?? this.add(name as string, 'operator').id, password);
  }

  /**
   * Uses up a link: from now on the person signs in with this account, and with none that they had before. One that was removed
   * is let in again by it.
   * @param names of the first person, as for `identified`
   * @throws SluiceError `link_used`, `identity_taken` where somebody else signs in with it
   */
  acceptAs(hash: string, identity: string, names: readonly [string, ...string[]]): Person {
    const { person } = this.#invitations.read(hash);
    const known = this.#rows.kv.get<string>(`o/${identity}`) ?? REMOVED;
    if (known !== REMOVED && known !== person) throw new SluiceError('identity_taken');
    this.#invitations.useUp(hash);
    return this.#identify(person ?? this.add(this.#rows.freeName(names), 'operator').id, identity);
  }

  /** @throws SluiceError `not_found`, `storage_limit` */
  addList(id: string, name: string): PersonList {
    const row = this.#require(id);
    if (row.lists.length >= MAX_LISTS) throw new SluiceError('storage_limit', `At most ${MAX_LISTS} lists.`);
    return this.#give(id, row, this.#env.newId(), name, false).list;
  }

  /** With whom a list is shared. @throws SluiceError `not_found` unless it is the person's own */
  shares(id: string, list: string): { id: string; name: string }[] {
    this.#requireOwn(id, list);
    return this.#rows
      .all()
      .filter(([other]) => this.#rows.kv.get(`w/${other}/${list}`) !== undefined)
      .map(([other, { name }]) => ({ id: other, name }));
  }

  /** @throws SluiceError `not_found`: the list is not the person's own, or there is nobody of that name */
  share(id: string, list: string, name: string): void {
    this.#requireOwn(id, list);
    const other = this.#rows.idOf(name);
    if (other === null || other === id || this.#rows.staying(other) === null)
      throw new SluiceError('not_found', 'There is nobody else of that name.');
    this.#rows.kv.put(`w/${other}/${list}`, '');
  }

  /** @throws SluiceError `not_found` */
  unshare(id: string, list: string, other: string): void {
    this.#requireOwn(id, list);
    if (!this.#rows.kv.delete(`w/${other}/${list}`)) throw new SluiceError('not_found');
  }

  /**
   * From now on the person cannot sign in. What they have open is withdrawn by the edge, which then calls `removed`; until
   * then the person is among `leaving`, also after a crash.
   * @throws SluiceError `not_found`, `last_operator`
   */
  remove(id: string, file: 'keep' | 'delete'): Account {
    const row = this.#require(id);
    this.#requireOtherOperator(id, row);
    this.#update(id, row, { leaving: file });
    return { person: personOf(id, row), lists: this.#rows.listsOf(id, row) };
  }

  leaving(): (Account & { file: 'keep' | 'delete' })[] {
    return this.#rows
      .all()
      .flatMap(([id, row]) =>
        row.leaving === null
          ? []
          : [{ person: personOf(id, row), lists: this.#rows.listsOf(id, row), file: row.leaving }],
      );
  }

  /** Their lists stay marked as owned, so that nobody claims them. */
  removed(id: string): void {
    const row = this.#rows.get(id);
    if (row === null) return;
    this.#invitations.withdraw(id);
    this.#rows.forget(id, row);
  }

  #give(id: string, row: PersonRow, list: string, name: string, isAdopted: boolean): OpenedList {
    const given = { id: list, name: row.lists.length === 0 ? '' : name };
    this.#rows.kv.put(`l/${list}`, id);
    const person = this.#update(id, row, { lists: [...row.lists, given] });
    return { person, list: { ...given, sharedBy: null }, isAdopted };
  }

  #identify(id: string, identity: string): Person {
    const row = this.#require(id);
    if (row.identity !== undefined) this.#rows.kv.put(`o/${row.identity}`, REMOVED);
    this.#rows.kv.put(`o/${identity}`, id);
    return this.#update(id, row, { identity });
  }

  #update(id: string, row: PersonRow, change: Partial<PersonRow>): Person {
    const changed = { ...row, ...change };
    this.#rows.save(id, changed);
    return personOf(id, changed);
  }

  #require(id: string): PersonRow {
    const row = this.#rows.staying(id);
    if (row === null) throw new SluiceError('not_found', 'There is no such person.');
    return row;
  }

  #requireOwn(id: string, list: string): void {
    if (this.#rows.ownerOf(list) !== id) throw new SluiceError('not_found', 'There is no such list.');
  }

  #requireOtherOperator(id: string, { role }: PersonRow): void {
    const isOther = ([other, row]: [string, PersonRow]): boolean =>
      other !== id && row.role === 'operator' && row.leaving === null;
    if (role === 'operator' && !this.#rows.all().some(isOther)) throw new SluiceError('last_operator');
  }
}
