/**
 * Removes people. The directory notes first that somebody leaves, so that it is finished after a crash: their browsers and
 * programs are withdrawn, their lists emptied, and only then they are forgotten.
 */
import type { Account } from '../../actors/directory/person.ts';
import type { SessionActor } from '../../actors/session/session-actor.ts';
import type { EmbeddedStub } from '../../actors/durable/types.ts';
import { DOWNLOAD_STATES, type DownloadView } from '../../protocol/download.ts';
import { ERRORS } from '../../protocol/error.ts';
import type { Edge } from '../edge.ts';
import { type WithdrawEdge, withdrawPerson } from './sign-in.ts';

type RemovalEdge = Pick<Edge, 'people'> & WithdrawEdge;
type Leaving = Account & { file: 'keep' | 'delete' };

/** A page of the list, and the removals of one turn. */
const AT_ONCE = 50;
/** Nobody has an id like this, so that all devices of a list are others. */
const NOBODY = '';

/** @returns resolves when nobody who leaves has anything open; emptying their lists goes on */
export async function finishRemovals(edge: RemovalEdge): Promise<void> {
  const all = await edge.people.directory.call('leaving');
  for (const leaving of all) await withdrawAll(leaving, edge);
  for (const leaving of all)
    void forget(leaving, edge).catch((error: unknown) =>
      edge.people.log('removing a person goes on at the next start', { error }),
    );
}

async function forget({ person, lists, file }: Leaving, edge: RemovalEdge): Promise<void> {
  for (const { id, sharedBy } of lists) if (sharedBy === null) await empty(edge.session(id), file);
  await edge.people.directory.call('removed', person.id);
}

/** Those with whom the lists were shared lose them too. */
async function withdrawAll({ person, lists }: Leaving, edge: RemovalEdge): Promise<void> {
  for (const { id, sharedBy } of lists) {
    if (sharedBy !== null) continue;
    edge.storedSessions.links.withdraw(id);
    await edge.session(id).call('devices', { type: 'withdraw-others', kept: NOBODY });
  }
  const shared = lists.flatMap(({ id, sharedBy }) => (sharedBy === null ? [] : [id]));
  await withdrawPerson(person.id, shared, { kept: null, programsToo: true }, edge);
}

/** What the disk does not let go of now, the list removes later (`removal_waits`). */
async function empty(list: EmbeddedStub<SessionActor>, file: Leaving['file']): Promise<void> {
  for (;;) {
    const page = { name: 'list', states: DOWNLOAD_STATES, limit: AT_ONCE, cursor: null } as const;
    const { body } = await list.call('ask', page);
    const { downloads } = JSON.parse(body ?? '') as { downloads: Pick<DownloadView, 'id'>[] };
    const removing = downloads.map(({ id }) => list.call('ask', { name: 'remove', downloadId: id, file }));
    const answers = await Promise.all(removing);
    // None left, or none that can be removed.
    if (!answers.some(({ status }) => status === 204 || status === ERRORS.removal_waits.status)) return;
  }
}
