/** What the process itself does about people: the first one's link, what a crash left, and `sluice people`. */
import type { Edge } from '#lib/channel/edge.ts';
import { invite } from '#lib/channel/people/invitations.ts';
import { addPerson, listPeople, removePerson, resetPerson } from '#lib/channel/people/operator-api.ts';
import { carryLimits, setLimits } from '#lib/channel/people/limits.ts';
import { finishRemovals } from '#lib/channel/people/removal.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { checkLimits, type ListOwner } from '#lib/protocol/person-limits.ts';
import { checkName, nameKey, type PersonView, ROLES } from '#lib/protocol/people.ts';
import type { ControlCalls } from './control.ts';

/** Goes on with removals that a crash cut short. A directory that cannot be read stops nobody but who signs in. */
export async function startPeople(edge: Edge, ownerOf: (list: string) => ListOwner | null): Promise<void> {
  try {
    await finishRemovals(edge);
    if (edge.people.auth !== 'none') await repeatLimits(edge, ownerOf);
  } catch (error) {
    edge.people.log('the directory cannot be read', { error });
  }
}

/** A crash, an earlier version or damage may have kept them from a list. */
async function repeatLimits(edge: Edge, ownerOf: (list: string) => ListOwner | null): Promise<void> {
  for (const { person, lists } of await edge.people.directory.call('accounts')) {
    const known = JSON.stringify({ person: person.id, limits: person.limits } satisfies ListOwner);
    const missing = lists.filter(({ id }) => JSON.stringify(ownerOf(id)) !== known);
    await carryLimits({ person, lists: missing }, edge);
  }
}

/** A new one at each start while there is nobody. */
export async function firstLink(edge: Edge): Promise<string | null> {
  if (edge.people.auth === 'none' || edge.people.auth === 'proxy') return null;
  const people = await listPeople(edge).catch(() => null);
  return people?.length === 0 ? (await invite(edge.people, null)).path : null;
}

/** `sluice people VERB [NAME]`. */
export function peopleCall(edge: Edge): ControlCalls[string] {
  return async ({ verb, name, role, file, limits }) => {
    if (verb === 'list') return { people: await listPeople(edge), current: null };
    const checked = checkName(name);
    const asked = ROLES.find((known) => known === role) ?? 'person';
    switch (verb) {
      case 'add':
        // Somebody has to be able to add the others.
        return addPerson(checked, (await listPeople(edge)).length === 0 ? 'operator' : asked, edge);
      case 'reset':
        return resetPerson((await personNamed(checked, edge)).id, edge);
      case 'role':
        return edge.people.directory.call('setRole', (await personNamed(checked, edge)).id, asked);
      case 'limit':
        return setLimits((await personNamed(checked, edge)).id, checkLimits(limits), edge);
      case 'remove':
        return removePerson(
          (await personNamed(checked, edge)).id,
          file === 'delete' ? 'delete' : 'keep',
          edge,
        );
      default:
        throw new SluiceError('invalid_request', 'There is no such verb.');
    }
  };
}

/** @throws SluiceError `not_found` */
async function personNamed(name: string, edge: Edge): Promise<PersonView> {
  const people = await listPeople(edge);
  const found = people.find((person) => nameKey(person.name) === nameKey(name));
  if (found === undefined)
    throw new SluiceError('not_found', `There is nobody called ${JSON.stringify(name)}.`);
  return found;
}
