/** What the directory says of people, as plain data. */
import { NO_LIMITS, type PersonLimits } from '../../protocol/person-limits.ts';
import type { Role } from '../../protocol/people.ts';
import type { PersonRow } from './rows.ts';

export interface Person {
  id: string;
  name: string;
  role: Role;
  hasPassword: boolean;
  epoch: number;
  createdAt: number;
  leaving: PersonRow['leaving'];
  limits: PersonLimits;
}

export interface PersonList {
  id: string;
  name: string;
  /** Who shared it; null = it is the person's own. */
  sharedBy: string | null;
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
  const { name, role, password, epoch, createdAt, leaving, limits = NO_LIMITS } = row;
  return { id, name, role, hasPassword: password !== null, epoch, createdAt, leaving, limits };
}
