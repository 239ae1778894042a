/** What people use, over all their lists: read from the store, without waking a list. */
import type { Account } from '#lib/actors/directory/person.ts';
import type { EmbeddedHost } from '#lib/actors/durable/host.server.ts';
import type { Meta } from '#lib/actors/session/store.ts';
import { ACTIVE_STATES } from '#lib/protocol/download.ts';
import { ownerOfPerson, type PersonUse } from '#lib/protocol/person-limits.ts';
import { addRate } from '#lib/quota/limits.ts';
import type { Quota } from '#lib/quota/quota.ts';
import type { DiskHoldings } from './disk-holdings.ts';
import { SESSION } from './sessions.ts';

interface PeopleUseParts {
  host: Pick<EmbeddedHost, 'stored'>;
  holdings: Pick<DiskHoldings, 'bytesOf'>;
  quota: Pick<Quota, 'used'>;
}

export async function useOf(
  { person: { id, limits }, lists }: Account,
  { host, holdings, quota }: PeopleUseParts,
): Promise<PersonUse> {
  const owner = ownerOfPerson(id);
  const { addsPerDay } = limits;
  const own = lists.filter(({ sharedBy }) => sharedBy === null);
  return {
    id,
    bytes: await holdings.bytesOf(
      owner,
      own.map((list) => list.id),
    ),
    running: own.reduce((sum, list) => sum + runningIn(host, list.id), 0),
    adds: addsPerDay === null ? null : quota.used('add', owner, addRate(addsPerDay)),
  };
}

/** None in a list that cannot be read. */
function runningIn(host: PeopleUseParts['host'], list: string): number {
  try {
    const counts = host.stored(SESSION, list).get<Meta>('meta')?.counts;
    return counts === undefined ? 0 : ACTIVE_STATES.reduce((sum, state) => sum + counts[state], 0);
  } catch {
    return 0;
  }
}
