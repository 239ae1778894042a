import type { Directory } from '../../actors/directory/directory.ts';
import type { Account } from '../../actors/directory/person.ts';
import type { PersonUse } from '../../protocol/person-limits.ts';
import type { EmbeddedStub } from '../../actors/durable/types.ts';
import type { AuthMode, DevicePerson } from '../../protocol/people.ts';
import type { TokenClaims } from '../token.ts';
import type { KnownBrowsers } from './known-browsers.ts';
import type { SignInAttempts } from './oidc/attempts.ts';
import type { Issuer } from './oidc/issuer.ts';
import type { Passwords } from './passwords.ts';
import type { ProxyUser } from './proxy-user.ts';
import type { SignInLimits } from './sign-in-limits.ts';

/** Of a browser with which somebody has signed in. */
export type SignedInClaims = TokenClaims & { person: DevicePerson };

/** What the edge needs to know who is asking. */
export interface PeopleEdge {
  auth: AuthMode;
  /** Asked at sign-in and where people are managed. */
  directory: Pick<EmbeddedStub<Directory>, 'call'>;
  /** What somebody uses, over all their lists. */
  useOf(account: Account): Promise<PersonUse>;
  passwords: Passwords;
  limits: SignInLimits;
  known: KnownBrowsers;
  /** Of SLUICE_AUTH=proxy; else null. */
  proxy: ProxyUser | null;
  /** Of SLUICE_AUTH=oidc; else null. */
  issuer: Issuer | null;
  /** Sign-ins with it that are under way. */
  attempts: SignInAttempts;
  log: (event: string, of?: Record<string, unknown>) => void;
}
