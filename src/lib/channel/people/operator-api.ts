/** What an operator does about people. A list is opened by `visits.ts` alone, and its owner sees that. */
import type { Person } from '../../actors/directory/person.ts';
import { jsonAnswer, type PlainAnswer } from '../../protocol/answer.ts';
import { SluiceError } from '../../protocol/error.ts';
import {
  type InvitedPerson,
  type PeopleList,
  type PersonView,
  readNewPerson,
  type Role,
} from '../../protocol/people.ts';
import { type PeopleUse, readLimits } from '../../protocol/person-limits.ts';
import type { OperatorRequest } from '../../protocol/request.ts';
import type { Edge } from '../edge.ts';
import type { SignedInClaims } from './people-edge.ts';
import { invite } from './invitations.ts';
import { setLimits, usesOfPeople } from './limits.ts';
import { finishRemovals } from './removal.ts';
import { signOutEverywhere, type WithdrawEdge } from './sign-in.ts';
import { answerVisit } from './visits.ts';

export type PeopleActionsEdge = Pick<Edge, 'people'> & WithdrawEdge;

/** @throws SluiceError `not_operator`, `name_taken`, `last_operator`, `too_many_people`, `not_found`, `visit_over`, and those of the body */
export async function answerOperator(
  asked: OperatorRequest,
  body: string,
  { person }: SignedInClaims,
  edge: Edge,
): Promise<PlainAnswer> {
  const known = await edge.people.directory.call('account', person.id);
  if (known?.person.role !== 'operator') throw new SluiceError('not_operator');
  switch (asked.name) {
    case 'list-people':
      return jsonAnswer({ people: await listPeople(edge), current: person.id } satisfies PeopleList);
    case 'add-person': {
      const { name, role } = readNewPerson(body);
      return jsonAnswer(await addPerson(name, role, edge), 201);
    }
    case 'reset-person':
      return jsonAnswer(await resetPerson(asked.person, edge));
    case 'people-use':
      return jsonAnswer({ people: await usesOfPeople(edge) } satisfies PeopleUse);
    case 'limit-person':
      await setLimits(asked.person, readLimits(body), edge);
      return { status: 204, headers: {}, body: null };
    case 'begin-visit':
    case 'end-visit':
    case 'show-visit':
      return answerVisit(asked, person, edge);
    case 'remove-person':
      await removePerson(asked.person, asked.file, edge);
      return { status: 204, headers: {}, body: null };
  }
}

export async function listPeople({ people }: PeopleActionsEdge): Promise<PersonView[]> {
  return (await people.directory.call('people')).map(viewOf);
}

/** @throws SluiceError `name_taken`, `too_many_people` */
export async function addPerson(name: string, role: Role, edge: PeopleActionsEdge): Promise<InvitedPerson> {
  const person = await edge.people.directory.call('add', name, role);
  edge.people.log('a person was added', { person: name });
  return invited(person, edge);
}

/**
 * A link that sets a new password. The old one is gone at once, and with it what is open in browsers: it may have been
 * stolen.
 * @throws SluiceError `not_found`
 */
export async function resetPerson(id: string, edge: PeopleActionsEdge): Promise<InvitedPerson> {
  const person = await edge.people.directory.call('setPassword', id, null);
  await signOutEverywhere(id, null, edge);
  edge.people.log('a password was reset', { person: person.name });
  return invited(person, edge);
}

/** @throws SluiceError `not_found`, `last_operator` */
export async function removePerson(
  id: string,
  file: 'keep' | 'delete',
  edge: PeopleActionsEdge,
): Promise<void> {
  const { person } = await edge.people.directory.call('remove', id, file);
  edge.people.log('a person is removed', { person: person.name, file });
  await finishRemovals(edge);
}

async function invited(person: Person, { people }: PeopleActionsEdge): Promise<InvitedPerson> {
  if (people.auth === 'proxy') return { person: viewOf(person), path: null, expiresAt: null };
  return { person: viewOf(person), ...(await invite(people, person.id)) };
}

function viewOf(person: Person): PersonView {
  const { id, name, role, hasPassword, hasIdentity, createdAt, leaving, limits } = person;
  return {
    id,
    name,
    role,
    hasPassword,
    hasIdentity,
    createdAt: new Date(createdAt).toISOString(),
    isLeaving: leaving !== null,
    limits,
  };
}
