/** What an operator lets people use: kept with the person, and carried to their lists, which enforce it. */
import type { Account } from '../../actors/directory/person.ts';
import type { PersonLimits, PersonUse } from '../../protocol/person-limits.ts';
import type { Edge } from '../edge.ts';

type LimitsEdge = Pick<Edge, 'people' | 'session'>;

/** @throws SluiceError `not_found` */
export async function setLimits(id: string, limits: PersonLimits, edge: LimitsEdge): Promise<Account> {
  const account = await edge.people.directory.call('setLimits', id, limits);
  await carryLimits(account, edge);
  edge.people.log('the limits of a person were changed', { person: account.person.name, ...limits });
  return account;
}

/** To the person's own lists: what is shared with them counts for its owner. */
export async function carryLimits({ person, lists }: Account, edge: Pick<Edge, 'session'>): Promise<void> {
  const owner = { person: person.id, limits: person.limits };
  for (const { id, sharedBy } of lists) if (sharedBy === null) await edge.session(id).call('ownedBy', owner);
}

/** Also of those who are being removed: their files are still there. */
export async function usesOfPeople({ people }: Pick<Edge, 'people'>): Promise<PersonUse[]> {
  const accounts = await people.directory.call('accounts');
  const uses: PersonUse[] = [];
  for (const account of accounts) uses.push(await people.useOf(account));
  return uses;
}
