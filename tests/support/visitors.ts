/** The quota as an edge in a test has it: for visitors of this machine, who are not limited by address. */
import { ListOwners } from '#lib/channel/list-owners.ts';
import { Owners } from '#lib/channel/owner.ts';
import { KnownBrowsers } from '#lib/channel/people/known-browsers.ts';
import { SignInAttempts } from '#lib/channel/people/oidc/attempts.ts';
import { Passwords } from '#lib/channel/people/passwords.ts';
import type { PeopleEdge } from '#lib/channel/people/people-edge.ts';
import { SignInLimits } from '#lib/channel/people/sign-in-limits.ts';
import { Visitors } from '#lib/channel/visitors.ts';
import { Quota } from '#lib/quota/quota.ts';

export function anyVisitors(): Visitors {
  const quota = new Quota({ now: () => performance.now() });
  return new Visitors(quota, new Owners(new Uint8Array(32).fill(3)), new ListOwners());
}

/** Where nobody signs in, nobody is asked. */
export function nobodySignsIn(): PeopleEdge {
  const unused = (): never => {
    throw new Error('nobody signs in here');
  };
  const quota = new Quota({ now: () => performance.now() });
  return {
    auth: 'none',
    directory: { call: unused },
    useOf: unused,
    passwords: new Passwords(),
    limits: new SignInLimits(quota),
    known: new KnownBrowsers(new Uint8Array(32)),
    proxy: null,
    issuer: null,
    attempts: new SignInAttempts(new Uint8Array(32)),
    log: unused,
  };
}
