/** The quota as an edge in a test has it: for visitors of this machine, who are not limited by address. */
import { ListOwners } from '#lib/channel/list-owners.ts';
import { Owners } from '#lib/channel/owner.ts';
import { Visitors } from '#lib/channel/visitors.ts';
import { Quota } from '#lib/quota/quota.ts';

export function anyVisitors(): Visitors {
  const quota = new Quota({ now: () => performance.now() });
  return new Visitors(quota, new Owners(new Uint8Array(32).fill(3)), new ListOwners());
}
