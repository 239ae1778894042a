/** Signing in with an issuer, as a browser without a window does it. */
import * as assert from 'uvu/assert';
import type { BegunSignIn } from '#lib/protocol/people.ts';
import type { RawAnswer } from '../edge/ask.ts';
import type { TestIssuer } from './issuer.ts';
import { Person } from './people.ts';

/** A sign-in that is under way: where to go, and the cookie that has to be there on the way back. */
export interface UnderWay extends BegunSignIn {
  cookie: string;
}

export async function begin(
  person: Person,
  grant: string | null = null,
  headers: Record<string, string> = {},
): Promise<UnderWay> {
  const answer = await person.call('POST', '/api/account/oidc', { grant }, headers);
  assert.is(answer.status, 200, answer.body.toString());
  return { ...(JSON.parse(answer.body.toString()) as BegunSignIn), cookie: pairIn(answer) };
}

/** Of the sign-in that an answer begins; '' = none. */
export function pairIn({ headers }: RawAnswer): string {
  const lines = headers['set-cookie'] ?? [];
  return (
    [lines]
      .flat()
      .find((line) => line.startsWith('sluice_signing_in='))
      ?.split(';')[0] ?? ''
  );
}

/** @param cookie of the sign-in */
export function finish(
  person: Person,
  cookie: string,
  { search }: URL,
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  const cookies = [person.cookie, cookie].filter((each) => each !== '').join('; ');
  const body = { returned: search.slice(1) };
  return person.call('POST', '/api/account/sign-in', body, { cookie: cookies, ...headers });
}

/** The whole of it. @returns the answer of the last step */
export async function signInWith(
  issuer: TestIssuer,
  person: Person,
  login: string,
  grant: string | null = null,
): Promise<RawAnswer> {
  const { location, cookie } = await begin(person, grant);
  return finish(person, cookie, await issuer.signIn(location, login));
}

/** @returns a browser in which that person is signed in */
export async function signedInWith(
  issuer: TestIssuer,
  url: string,
  login: string,
  grant: string | null = null,
): Promise<Person> {
  const person = new Person(url);
  const answer = await signInWith(issuer, person, login, grant);
  assert.is(answer.status, 200, answer.body.toString());
  return person;
}
