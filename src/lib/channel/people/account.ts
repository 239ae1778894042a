/** What a person may do about themselves: lists, sharing them, password, signing out. And what an operator may do about others. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { jsonAnswer, type PlainAnswer } from '../../protocol/answer.ts';
import { SluiceError } from '../../protocol/error.ts';
import {
  type AccountView,
  readNameBody,
  readNewPassword,
  type Shares,
  type SignedOut,
} from '../../protocol/people.ts';
import type { OperatorRequest, PeopleRequest, PersonRequest } from '../../protocol/request.ts';
import type { ApiAnswer } from '../api-answer.ts';
import { readBody } from '../body.ts';
import { clearSessionCookie } from '../cookie.ts';
import { authenticate } from '../credentials.ts';
import type { Edge } from '../edge.ts';
import { credentialsFromNodeHeaders, headerGetter } from '../headers.ts';
import { requireScope } from '../scope.ts';
import type { TokenClaims } from '../token.ts';
import { endVisits, listVisits } from './visits.ts';
import type { SignedInClaims } from './people-edge.ts';
import { beginSignIn, finishSignIn, goToIssuer, redirectAddress } from './oidc/sign-in-by-issuer.ts';
import { answerOperator } from './operator-api.ts';
import {
  acceptInvitation,
  checkPassword,
  openList,
  readInvitationLink,
  signIn,
  signOutEverywhere,
  withdrawDevice,
  withdrawPerson,
} from './sign-in.ts';

/** It answers within a turn: beyond that it is stopped, and the page goes on without. */
const DIRECTORY_MS = 2000;

const NO_CONTENT: PlainAnswer = { status: 204, headers: {}, body: null };

/** @throws SluiceError as the functions below; `unauthorized`, `scope_refused`, `not_found` where nobody signs in */
export async function answerPeople(
  asked: PeopleRequest,
  request: IncomingMessage,
  edge: Edge,
): Promise<ApiAnswer> {
  switch (asked.name) {
    case 'sign-in':
      return edge.people.issuer === null ? signIn(request, edge) : finishSignIn(request, edge);
    case 'begin-oidc':
      return beginSignIn(request, edge);
    case 'go-to-issuer':
      return goToIssuer(request, edge);
    case 'read-invitation':
      return readInvitationLink(request, edge);
    case 'accept-invitation':
      return acceptInvitation(request, edge);
    case 'account':
      return account(authenticate(edge.tokens, credentialsFromNodeHeaders(request.headers)), edge);
    default:
      return answerSignedIn(asked, request, edge);
  }
}

async function answerSignedIn(
  asked: PersonRequest | OperatorRequest,
  request: IncomingMessage,
  edge: Edge,
): Promise<PlainAnswer> {
  // Read before the requester is checked: a body may be sent so slowly that they are signed out by then.
  const body = ['POST', 'PUT'].includes(request.method ?? '') ? await readBody(request) : '';
  const claims = signedIn(request, edge);
  switch (asked.name) {
    case 'list-people':
    case 'add-person':
    case 'reset-person':
    case 'remove-person':
    case 'people-use':
    case 'limit-person':
    case 'begin-visit':
    case 'end-visit':
    case 'show-visit':
      return answerOperator(asked, body, claims, edge);
    default:
      return answerPerson(asked, body, claims, request, edge);
  }
}

/** Not by a token: a program that lost its own must not be able to lock its person out. */
function signedIn({ headers }: IncomingMessage, edge: Edge): SignedInClaims {
  const credentials = credentialsFromNodeHeaders(headers);
  const claims = authenticate(edge.tokens, credentials);
  requireScope(claims, 'devices');
  const { person } = claims;
  if (edge.people.auth === 'none' || !person)
    throw new SluiceError('not_found', 'Nobody signs in here: SLUICE_AUTH is none.');
  if (credentials.authorization) throw new SluiceError('scope_refused', 'Only the page may do that.');
  return { ...claims, person };
}

/** Works without the directory, but for names of lists. A program is told of its own list alone. */
async function account({ session, person, kind }: TokenClaims, { people }: Edge): Promise<PlainAnswer> {
  const { auth, directory } = people;
  const asked = person && kind !== 'token' ? directory.call('account', person.id).catch(() => null) : null;
  const known = await Promise.race([asked, delay(DIRECTORY_MS, null, { ref: false })]);
  const lists = known?.lists ?? [{ id: session, name: '', sharedBy: null }];
  const view: AccountView = {
    auth,
    name: person?.name ?? '',
    role: person ? (known?.person.role ?? null) : 'operator',
    lists: lists.map((list) => ({ ...list, isCurrent: list.id === session })),
  };
  return jsonAnswer(view);
}

async function answerPerson(
  asked: PersonRequest,
  body: string,
  claims: SignedInClaims,
  request: IncomingMessage,
  edge: Edge,
): Promise<PlainAnswer> {
  const { id } = claims.person;
  const { directory } = edge.people;
  const header = headerGetter(request.headers);
  switch (asked.name) {
    case 'sign-out':
      await withdrawDevice(claims, edge);
      return signedOut(request, edge);
    case 'sign-out-everywhere':
      await signOutEverywhere(id, null, edge);
      return signedOut(request, edge);
    case 'set-password':
      return setPassword(body, claims, request, edge);
    case 'add-list':
      return jsonAnswer(await directory.call('addList', id, readNameBody(body).name), 201);
    case 'list-visits':
      return listVisits(id, edge);
    case 'end-visits':
      return endVisits(id, claims.session, edge);
    case 'open-list':
      return openList(claims.person, header, edge, { list: asked.list, claimable: false, name: '' });
    case 'list-shares':
      return jsonAnswer({ people: await directory.call('shares', id, asked.list) } satisfies Shares);
    case 'share-list':
      await directory.call('share', id, asked.list, readNameBody(body).name);
      return NO_CONTENT;
    case 'unshare-list':
      await directory.call('unshare', id, asked.list, asked.person);
      await withdrawPerson(asked.person, [asked.list], { kept: null, programsToo: true }, edge);
      return NO_CONTENT;
  }
}

/** Ends what the person has open in other browsers, and gives this one a new token. @throws SluiceError `wrong_password`, `too_many_requests` */
async function setPassword(
  body: string,
  { person, session, nonce }: SignedInClaims,
  request: IncomingMessage,
  edge: Edge,
): Promise<PlainAnswer> {
  const { current, password } = readNewPassword(body);
  const { directory, passwords, log } = edge.people;
  const { id, epoch } = await checkPassword({ name: person.name, password: current }, request, edge);
  const hashed = await passwords.hash(password, edge.visitors.ownerOf(request));
  await directory.call('setPassword', id, hashed, epoch);
  const now = await signOutEverywhere(id, nonce, edge);
  log('a password was changed', { person: person.name });
  const open = { list: session, claimable: false, name: '' };
  return openList({ id, epoch: now }, headerGetter(request.headers), edge, open);
}

/** Where the issuer is to be told, the page goes there. */
async function signedOut(request: IncomingMessage, edge: Edge): Promise<PlainAnswer> {
  const cookie = { 'set-cookie': clearSessionCookie(edge.origins.isSecure(request.headers.host)) };
  const location = await edge.people.issuer?.logoutAddress(redirectAddress(request, edge));
  return location
    ? jsonAnswer({ location } satisfies SignedOut, 200, cookie)
    : { ...NO_CONTENT, headers: cookie };
}
