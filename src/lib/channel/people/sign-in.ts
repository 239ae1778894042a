/** Signing in: a browser gets a token of one of the person's lists, and the one it had before is withdrawn. */
import type { IncomingMessage } from 'node:http';
import type { OpenedList, PresentedList } from '../../actors/directory/person.ts';
import { jsonAnswer, type PlainAnswer } from '../../protocol/answer.ts';
import type { Device } from '../../protocol/device.ts';
import { SluiceError } from '../../protocol/error.ts';
import {
  type InvitationView,
  readAccepted,
  readInvitation,
  readSignIn,
  type SignedIn,
} from '../../protocol/people.ts';
import type { ApiAnswer } from '../api-answer.ts';
import { readBody } from '../body.ts';
import { browserName } from '../browser-name.ts';
import { sessionCookie } from '../cookie.ts';
import { claimsFromSessionCookie } from '../credentials.ts';
import type { Edge } from '../edge.ts';
import { type HeaderGetter, headerGetter } from '../headers.ts';
import { isCrossOrigin } from '../origin.ts';
import type { TokenClaims } from '../token.ts';
import { hashOfGrant } from './invitations.ts';
import { carryLimits } from './limits.ts';

/** From then on the browser asks for the password again. */
const SIGNED_IN_MS = 90 * 24 * 60 * 60_000;

/** An answer over a slow line takes no longer. */
const REPLACED_MS = 10_000;

export type SignInEdge = Pick<
  Edge,
  'people' | 'tokens' | 'origins' | 'session' | 'storedSessions' | 'withdrawals'
>;
/** What ends somebody's access. */
export type WithdrawEdge = Pick<Edge, 'session' | 'withdrawals' | 'storedSessions'>;

export interface SignedInPerson {
  id: string;
  /** As it was when they proved who they are. A request may take its time: what ended sign-ins since then ends this one. */
  epoch: number;
}

/**
 * @throws SluiceError `wrong_password`, `too_many_requests`, `sign_in_required` without a name of the proxy, `not_found` where
 * nobody signs in so, `forbidden_origin`
 */
export async function signIn(request: IncomingMessage, edge: Edge): Promise<ApiAnswer> {
  const body = await readBody(request);
  const header = headerGetter(request.headers);
  requireOwnPage(header);
  switch (edge.people.auth) {
    case 'none':
    case 'oidc':
      throw new SluiceError('not_found', `Nobody signs in like this: SLUICE_AUTH is ${edge.people.auth}.`);
    case 'password':
      return signInByPassword(readSignIn(body), request, edge);
    case 'proxy':
      return openList(await namedByProxy(request, edge), header, edge);
  }
}

/** @throws SluiceError `wrong_password`, `too_many_requests` */
async function signInByPassword(
  given: { name: string; password: string },
  request: IncomingMessage,
  edge: Edge,
): Promise<ApiAnswer> {
  const who = await checkPassword(given, request, edge);
  const header = headerGetter(request.headers);
  return remembering(given.name, await openList(who, header, edge), header, edge);
}

/** From now on the browser has limits of its own for that name. */
function remembering(
  name: string,
  answer: PlainAnswer,
  header: HeaderGetter,
  { people, origins }: Pick<Edge, 'people' | 'origins'>,
): ApiAnswer {
  const line = people.known.cookie(header('cookie'), name, origins.isSecure(header('host')));
  const { 'set-cookie': lines = [], ...headers } = answer.headers;
  return { ...answer, headers: { ...headers, 'set-cookie': [lines, line].flat() } };
}

/** @throws SluiceError `wrong_password`, `too_many_requests` */
export async function checkPassword(
  { name, password }: { name: string; password: string },
  request: IncomingMessage,
  edge: Edge,
): Promise<SignedInPerson> {
  const { people, visitors, origins } = edge;
  const owner = visitors.ownerOf(request);
  const { cookie, host } = request.headers;
  const browser = people.known.find(cookie, name, origins.isSecure(host));
  const wasRight = people.limits.take(owner, name, browser);
  const found = await people.directory.call('credentials', name);
  // As slow for a name that nobody has.
  const isRight = await people.passwords.verify(password, found?.password ?? null, owner, browser);
  if (found === null || !isRight) throw new SluiceError('wrong_password');
  wasRight();
  return found;
}

async function namedByProxy(request: IncomingMessage, { people }: Edge): Promise<SignedInPerson> {
  const name = people.proxy?.nameOf(request) ?? null;
  const person = name === null ? null : await people.directory.call('named', name);
  if (person === null) throw new SluiceError('sign_in_required');
  return person;
}

/** @throws SluiceError `link_used` */
export async function readInvitationLink(request: IncomingMessage, edge: Edge): Promise<PlainAnswer> {
  const { grant } = readInvitation(await readBody(request));
  const { name, expiresAt } = await edge.people.directory.call('invitation', hashOfGrant(grant));
  return jsonAnswer({ name, expiresAt: new Date(expiresAt).toISOString() } satisfies InvitationView);
}

/** Sets the password, ends what the person has open elsewhere, and signs in. @throws SluiceError `link_used`, `forbidden_origin` */
export async function acceptInvitation(request: IncomingMessage, edge: Edge): Promise<ApiAnswer> {
  const { grant, password, name } = readAccepted(await readBody(request));
  const header = headerGetter(request.headers);
  requireOwnPage(header);
  const { auth, directory, passwords, limits, log } = edge.people;
  // Where somebody else says who people are, a link that was made before does not go round that.
  if (auth !== 'password') throw new SluiceError('not_found', 'Nobody has a password here.');
  const owner = edge.visitors.ownerOf(request);
  const link = hashOfGrant(grant);
  // Before the work of hashing.
  await directory.call('invitation', link);
  const hashed = await passwords.hash(password, owner);
  const person = await directory.call('accept', link, hashed, name);
  const epoch = await signOutEverywhere(person.id, null, edge);
  limits.signedIn(owner, person.name);
  log('a password was set by a link', { person: person.name });
  return remembering(person.name, await openList({ id: person.id, epoch }, header, edge), header, edge);
}

/**
 * Gives the browser a list of a person who proved who they are.
 * @param wanted the list to open, and no other; null = the one it has open, if it is theirs or can be, or their first
 * @throws SluiceError `sign_in_required` when that was ended meanwhile, `not_found` for a list that is not theirs
 */
export async function openList(
  { id, epoch }: SignedInPerson,
  header: HeaderGetter,
  edge: SignInEdge,
  wanted: PresentedList | null = null,
): Promise<PlainAnswer> {
  const { directory } = edge.people;
  const before = claimsFromSessionCookie(
    edge.tokens.withoutSignIn,
    header('cookie'),
    edge.origins.isSecure(header('host')),
  );
  const presented = wanted ?? presentedBy(before, header, edge);
  const opened = await directory.call('open', id, epoch, presented);
  if (opened === null) throw new SluiceError('sign_in_required');
  if (wanted !== null && opened.list.id !== wanted.list)
    throw new SluiceError('not_found', 'There is no such list.');
  // Before anything is added by this browser.
  await carryLimits({ person: opened.person, lists: [opened.list] }, edge);
  const claims = edge.tokens.issueForDevice(opened.list.id);
  await admit(claims, opened, header, edge);
  // What ended it meanwhile (a new password, a share that was withdrawn) may have withdrawn only what was admitted by then.
  if (!(await directory.call('isOpen', id, epoch, opened.list.id))) {
    await withdrawDevice(claims, edge);
    throw new SluiceError('sign_in_required');
  }
  if (before?.person) await replace(before, id, edge);
  const cookie = sessionCookie(claims.token, edge.origins.isSecure(header('host')));
  return jsonAnswer({ kind: 'session', id: opened.list.id } satisfies SignedIn, 200, {
    'set-cookie': cookie,
  });
}

/** Of a list that was made before anybody had to sign in. One without downloads is not worth keeping. */
function presentedBy(
  before: TokenClaims | null,
  header: HeaderGetter,
  edge: SignInEdge,
): PresentedList | null {
  if (before === null) return null;
  const name = browserName(header('user-agent'));
  return { list: before.session, claimable: !before.person && hasDownloads(before.session, edge), name };
}

/** A list that cannot be read has been stored. */
function hasDownloads(list: string, { storedSessions }: SignInEdge): boolean {
  try {
    return storedSessions.summary(list).downloads > 0;
  } catch {
    return true;
  }
}

async function admit(
  { session, nonce }: TokenClaims,
  { person, list, isAdopted }: OpenedList,
  header: HeaderGetter,
  edge: SignInEdge,
): Promise<void> {
  const now = Date.now();
  const device: Device = {
    kind: 'browser',
    name: browserName(header('user-agent')),
    scope: 'full',
    createdAt: now,
    expiresAt: now + SIGNED_IN_MS,
    person: { id: person.id, name: person.name, isOwner: list.sharedBy === null, epoch: person.epoch },
  };
  const stub = edge.session(session);
  if ((await stub.call('devices', { type: 'admit', id: nonce, device })) === null)
    throw new SluiceError('too_many_devices');
  if (!isAdopted) return;
  // Others who had it may have been given it by anybody: they sign in, or get a token anew.
  await stub.call('devices', { type: 'withdraw-others', kept: nonce });
  edge.withdrawals.emit(null);
  edge.people.log('a list from before signing in was adopted', { session, person: person.name });
}

/**
 * What the browser had before. Of the same person it ends a little later: until the answer arrives, its pages send that one, and
 * open ones would be notified that they are signed out.
 */
async function replace(before: TokenClaims, id: string, edge: SignInEdge): Promise<void> {
  if (before.person?.id !== id) return withdrawDevice(before, edge);
  const change = { type: 'expire', id: before.nonce, at: Date.now() + REPLACED_MS } as const;
  await edge.session(before.session).call('devices', change);
}

/** Withdraws one device. */
export async function withdrawDevice(
  { session, nonce }: TokenClaims,
  edge: Pick<Edge, 'session' | 'withdrawals'>,
): Promise<void> {
  await edge.session(session).call('devices', { type: 'withdraw', id: nonce });
  edge.withdrawals.emit(null);
}

/**
 * Withdraws the browsers of a person on all their lists, and ends sign-ins that are under way. Named tokens stay: each is
 * withdrawn by name.
 * @param kept a device that stays
 * @returns the epoch of sign-ins from now on
 * @throws SluiceError `not_found`
 */
export async function signOutEverywhere(
  id: string,
  kept: string | null,
  edge: WithdrawEdge & Pick<Edge, 'people'>,
): Promise<number> {
  const { person, lists } = await edge.people.directory.call('endSignIns', id);
  await withdrawPerson(
    id,
    lists.map((list) => list.id),
    { kept, programsToo: false },
    edge,
  );
  return person.epoch;
}

export async function withdrawPerson(
  person: string,
  lists: readonly string[],
  { kept, programsToo }: { kept: string | null; programsToo: boolean },
  edge: WithdrawEdge,
): Promise<void> {
  for (const list of lists) {
    edge.storedSessions.links.withdraw(list);
    await edge.session(list).call('devices', { type: 'withdraw-person', person, kept, programsToo });
  }
  edge.withdrawals.emit(null);
}

/** Requests from other origins of SLUICE_ORIGINS got this far too. */
export function requireOwnPage(header: HeaderGetter): void {
  if (isCrossOrigin(header('sec-fetch-site'))) throw new SluiceError('forbidden_origin');
}
