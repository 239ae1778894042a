/** What the directory says of people, as plain data. */
import { NO_LIMITS, type PersonLimits } from '../../protocol/person-limits.ts';
import type { Role } from '../../protocol/people.ts';
import type { PersonList, PersonRow } from './rows.ts';

export interface Person {
  id: string;
  name: string;
  role: Role;
  hasPassword: boolean;
  hasIdentity: boolean;
  epoch: number;
  createdAt: number;
  leaving: PersonRow['leaving'];
  limits: PersonLimits;
}

export interface Account {
  person: Person;
  lists: PersonList[];
}

/** What a browser had open before: `claimable` if nobody signed in with it, and it holds downloads. */
export interface PresentedList {
  list: string;
  claimable: boolean;
  /** For the person who adopts it. */
  name: string;
}

export interface OpenedList {
  person: Person;
  list: PersonList;
  /** It became the person's just now. */
  isAdopted: boolean;
}

export function personOf(id: string, row: Omit<PersonRow, 'v'>): Person {
  const { name, role, password, identity, epoch, createdAt, leaving, limits = NO_LIMITS } = row;
  const has = { hasPassword: password !== null, hasIdentity: identity !== undefined };
  return { id, name, role, ...has, epoch, createdAt, leaving, limits };
}
