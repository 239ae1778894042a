/**
 * Signs in with an issuer. The page begins it, the browser goes to the issuer and comes back to the page, which sends what it
 * was given: so, as with a password, a browser gets a list from an answer to our own page alone, and never by a navigation.
 */
import type { IncomingMessage } from 'node:http';
import type { Person } from '../../../actors/directory/person.ts';
import { jsonAnswer, type PlainAnswer } from '../../../protocol/answer.ts';
import { SluiceError } from '../../../protocol/error.ts';
import { paths } from '../../../protocol/paths.ts';
import { type BegunSignIn, readBegin, readReturned } from '../../../protocol/people.ts';
import { readBody } from '../../body.ts';
import type { Edge } from '../../edge.ts';
import { headerGetter } from '../../headers.ts';
import { isCrossOrigin } from '../../origin.ts';
import { hashOfGrant } from '../invitations.ts';
import { openList, requireOwnPage, signOutEverywhere, type SignedInPerson } from '../sign-in.ts';
import type { Place } from './attempts.ts';
import type { Identified } from './claims.ts';
import type { Issuer } from './issuer.ts';
import { reasonOf } from './issuer-error.ts';

/** @throws SluiceError `link_used`, `issuer_away`, `issuer_answer`, `forbidden_origin`, `not_found` where nobody signs in so */
export async function beginSignIn(request: IncomingMessage, edge: Edge): Promise<PlainAnswer> {
  const { grant } = readBegin(await readBody(request));
  requireOwnPage(headerGetter(request.headers));
  const link = grant === null ? null : hashOfGrant(grant);
  if (link !== null) await edge.people.directory.call('invitation', link);
  const { location, state, cookie } = await begin(link, request, edge);
  return jsonAnswer({ location, state } satisfies BegunSignIn, 200, { 'set-cookie': cookie });
}

/** The same for a browser without scripts, or before they have arrived: the button is a link. Never rejects. */
export async function goToIssuer(request: IncomingMessage, edge: Edge): Promise<PlainAnswer> {
  const header = headerGetter(request.headers);
  // Another site's page, or the browser in advance: nobody has pressed the button.
  if (isCrossOrigin(header('sec-fetch-site')) || header('sec-purpose') !== undefined)
    return redirect(paths.signInPage);
  try {
    const { location, cookie } = await begin(null, request, edge);
    return redirect(location, { 'set-cookie': cookie });
  } catch (thrown) {
    const code = thrown instanceof SluiceError ? thrown.code : 'internal_error';
    return redirect(`${paths.signInPage}?failed=${code}`);
  }
}

async function begin(
  link: string | null,
  request: IncomingMessage,
  edge: Edge,
): Promise<BegunSignIn & { cookie: string }> {
  const { issuer, people } = oidcOf(edge);
  const { attempt, cookie } = people.attempts.begin(link, placeOf(request, edge));
  const address = await logged(edge, () => issuer.address(redirectAddress(request, edge), attempt));
  return { location: address.href, state: attempt.state, cookie };
}

/**
 * @throws SluiceError `sign_in_over`, `sign_in_denied`, `not_admitted`, `identity_taken`, `link_used`, `issuer_away`,
 * `issuer_answer`, `issuer_clock`, `too_many_people`, `too_many_requests`, `forbidden_origin`
 */
export async function finishSignIn(request: IncomingMessage, edge: Edge): Promise<PlainAnswer> {
  const body = await readBody(request);
  const header = headerGetter(request.headers);
  requireOwnPage(header);
  const { issuer, people } = oidcOf(edge);
  const returned = new URL(redirectAddress(request, edge));
  returned.search = readReturned(body).returned;
  const state = returned.searchParams.get('state') ?? '';
  const attempt = people.attempts.take(header('cookie'), state, placeOf(request, edge));
  const wasRight = people.limits.takeOf(edge.visitors.ownerOf(request));
  const found = await logged(edge, () => issuer.identify(returned, attempt));
  const who = await personOf(found, attempt.link, edge);
  wasRight();
  return openList(who, header, edge);
}

/** @throws SluiceError `not_admitted`, `identity_taken`, `link_used`, `too_many_people` */
async function personOf(
  { identity, names }: Identified,
  link: string | null,
  edge: Edge,
): Promise<SignedInPerson> {
  const { directory, log } = edge.people;
  if (link === null) {
    const person: Person | null = await directory.call('identified', identity, names);
    if (person === null) throw new SluiceError('not_admitted');
    return person;
  }
  const { id, name } = await directory.call('acceptAs', link, identity, names);
  log('a link let somebody sign in with an account of the issuer', { person: name });
  return { id, epoch: await signOutEverywhere(id, null, edge) };
}

/** Why it failed is for the operator: the page says what to do. */
async function logged<T>({ people }: Edge, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof SluiceError)
      people.log('signing in with the issuer failed', {
        code: thrown.code,
        reason: reasonOf(thrown.cause),
      });
    throw thrown;
  }
}

/** @throws SluiceError `not_found` */
function oidcOf({ people }: Edge): { issuer: Issuer; people: Edge['people'] } {
  const { issuer } = people;
  if (issuer === null) throw new SluiceError('not_found', 'Nobody signs in with an issuer here.');
  return { issuer, people };
}

/** The page itself, under the origin that this browser uses: the issuer has to know it. */
export function redirectAddress({ headers }: Pick<IncomingMessage, 'headers'>, { origins }: Edge): string {
  return origins.originOf(headers.host) + paths.signInPage;
}

function placeOf(request: IncomingMessage, { visitors, origins }: Edge): Place {
  return { owner: visitors.ownerOf(request), isSecure: origins.isSecure(request.headers.host) };
}

function redirect(location: string, headers: Record<string, string> = {}): PlainAnswer {
  return { status: 303, headers: { ...headers, location }, body: null };
}
