/** The devices of a list, for clients that have it open: see `protocol/device.ts`. */
import type { IncomingMessage } from 'node:http';
import { LISTED_ID_CHARACTERS } from '../actors/session/devices.ts';
import { jsonAnswer, type PlainAnswer } from '../protocol/answer.ts';
import {
  type Device,
  type DeviceChange,
  type DeviceLink,
  type DeviceList,
  type DeviceView,
  type NewToken,
  readNewToken,
} from '../protocol/device.ts';
import { SluiceError } from '../protocol/error.ts';
import type { DeviceRequest } from '../protocol/request.ts';
import { browserName } from './browser-name.ts';
import { readBody } from './body.ts';
import { authenticate } from './credentials.ts';
import type { Edge } from './edge.ts';
import { credentialsFromNodeHeaders, type HeaderGetter, headerGetter } from './headers.ts';
import { LINK_LIFETIME_MS } from './one-time-grants.ts';
import { requireScope } from './scope.ts';
import type { TokenClaims } from './token.ts';

const DAY_MS = 24 * 60 * 60_000;

/** @throws SluiceError `unauthorized`, `scope_refused`, `not_found`, `too_many_devices`, and those of the body */
export async function answerDevices(
  asked: DeviceRequest,
  request: IncomingMessage,
  edge: Edge,
): Promise<PlainAnswer> {
  const claims = authenticate(edge.tokens, credentialsFromNodeHeaders(request.headers));
  requireScope(claims, 'devices');
  requirePage(asked, claims);
  const header = headerGetter(request.headers);
  switch (asked.name) {
    case 'add-token':
      return addToken(await readBody(request), claims, header, edge);
    case 'link-device':
      // It signs a browser in: a program must not become its person by it.
      if (claims.person && request.headers.authorization) throw onlyThePage();
      return linkDevice(claims, header, edge);
    case 'unlink-device':
      edge.storedSessions.links.withdraw(claims.session);
      return NO_CONTENT;
    case 'withdraw-device':
      return withdraw(claims, asked.device, header, edge);
    case 'withdraw-other-devices':
      return withdrawOthers(claims, header, edge);
    case 'list-devices':
      return listDevices(claims, header, edge);
  }
}

/** What a token makes would stay when it has expired or is withdrawn, and its program must not lock its person out. */
function requirePage(asked: DeviceRequest, { kind, nonce }: TokenClaims): void {
  if (kind !== 'token' || asked.name === 'list-devices') return;
  if (asked.name === 'withdraw-device' && asked.device === nonce) return;
  throw onlyThePage();
}

/** A browser that was given the list by a link, or that gives it to others, without signing in: from now on it is listed. */
export async function admitBrowser(
  { session, nonce }: TokenClaims,
  header: HeaderGetter,
  edge: Pick<Edge, 'session'>,
): Promise<void> {
  await admit(session, nonce, browserDevice(header), edge);
}

/** The browser that asks. One with a longer id has its row, or has lost it meanwhile. */
async function noteBrowser(claims: TokenClaims, header: HeaderGetter, edge: Edge): Promise<void> {
  if (claims.nonce.length < LISTED_ID_CHARACTERS) await admitBrowser(claims, header, edge);
}

function by(person: TokenClaims['person']): Pick<Device, 'person'> {
  return person ? { person } : {};
}

/** With whom a list is shared sees and withdraws what is their own; its owner all. */
function isAbout({ person }: TokenClaims, device: Device): boolean {
  return !person || person.isOwner || device.person?.id === person.id;
}

const NO_CONTENT: PlainAnswer = { status: 204, headers: {}, body: null };

async function listDevices(claims: TokenClaims, header: HeaderGetter, edge: Edge): Promise<PlainAnswer> {
  const listed = (await edge.session(claims.session).call('devices')) ?? [];
  const others = listed
    .filter(([id, device]) => id !== claims.nonce && isAbout(claims, device))
    .sort(([, a], [, b]) => b.createdAt - a.createdAt)
    .map(([id, device]) => viewOf(id, device, false));
  const current = listed.find(([id]) => id === claims.nonce);
  const { createdAt: _, expiresAt: __, ...unlisted } = browserDevice(header);
  const own: DeviceView = current
    ? viewOf(current[0], current[1], true)
    : { id: claims.nonce, ...unlisted, createdAt: null, expiresAt: null, isCurrent: true };
  return jsonAnswer({ devices: [own, ...others] } satisfies DeviceList);
}

async function addToken(
  body: string,
  claims: TokenClaims,
  header: HeaderGetter,
  edge: Edge,
): Promise<PlainAnswer> {
  const { name, scope, expiresInDays } = readNewToken(body);
  const now = Date.now();
  const expiresAt = expiresInDays === null ? null : now + expiresInDays * DAY_MS;
  const made = { kind: 'token', name, scope, createdAt: now, expiresAt } as const;
  const device: Device = { ...made, ...by(claims.person) };
  const { session, nonce, token } = edge.tokens.issueForDevice(claims.session);
  await noteBrowser(claims, header, edge);
  await admit(session, nonce, device, edge);
  // A body may be sent so slowly that who asked has been withdrawn by then.
  if (!edge.tokens.isAdmitted(claims)) {
    await edge.session(session).call('devices', { type: 'withdraw', id: nonce });
    throw new SluiceError('unauthorized');
  }
  return jsonAnswer({ device: viewOf(nonce, device, false), token } satisfies NewToken, 201);
}

async function linkDevice(claims: TokenClaims, header: HeaderGetter, edge: Edge): Promise<PlainAnswer> {
  // So that the other browser can see which one it got the list from, and can withdraw it when this one is lost.
  await noteBrowser(claims, header, edge);
  const { links } = edge.storedSessions;
  // The one before is no longer shown: nobody should open it.
  links.withdraw(claims.session);
  const expiresAt = new Date(Date.now() + LINK_LIFETIME_MS).toISOString();
  return jsonAnswer(
    { path: links.link(claims.session, claims.person ?? null), expiresAt } satisfies DeviceLink,
    201,
  );
}

async function withdraw(
  claims: TokenClaims,
  device: string,
  header: HeaderGetter,
  edge: Edge,
): Promise<PlainAnswer> {
  const { session, nonce } = claims;
  const [, known] = (await edge.session(session).call('devices'))?.find(([id]) => id === device) ?? [];
  if (known !== undefined && !isAbout(claims, known)) throw noSuchDevice();
  if (device === nonce) await noteBrowser(claims, header, edge);
  const left = await edge.session(session).call('devices', { type: 'withdraw', id: device });
  if (left === null) throw noSuchDevice();
  edge.withdrawals.emit(null);
  return NO_CONTENT;
}

async function withdrawOthers(claims: TokenClaims, header: HeaderGetter, edge: Edge): Promise<PlainAnswer> {
  edge.storedSessions.links.withdraw(claims.session);
  await noteBrowser(claims, header, edge);
  const { session, nonce, person } = claims;
  const change: DeviceChange =
    person && !person.isOwner
      ? { type: 'withdraw-person', person: person.id, kept: nonce, programsToo: true }
      : { type: 'withdraw-others', kept: nonce };
  await edge.session(session).call('devices', change);
  edge.withdrawals.emit(null);
  return NO_CONTENT;
}

function onlyThePage(): SluiceError {
  return new SluiceError('scope_refused', 'Only the page may do that.');
}

function noSuchDevice(): SluiceError {
  return new SluiceError('not_found', 'This list has no such device.');
}

async function admit(
  session: string,
  id: string,
  device: Device,
  edge: Pick<Edge, 'session'>,
): Promise<void> {
  const all = await edge.session(session).call('devices', { type: 'admit', id, device });
  if (all === null) throw new SluiceError('too_many_devices');
}

function browserDevice(header: HeaderGetter): Omit<Device, 'person'> {
  const name = browserName(header('user-agent'));
  return { kind: 'browser', name, scope: 'full', createdAt: Date.now(), expiresAt: null };
}

function viewOf(
  id: string,
  { createdAt, expiresAt, person, ...device }: Device,
  isCurrent: boolean,
): DeviceView {
  return {
    id,
    ...device,
    ...(person ? { person: person.name } : {}),
    createdAt: new Date(createdAt).toISOString(),
    expiresAt: expiresAt === null ? null : new Date(expiresAt).toISOString(),
    isCurrent,
  };
}
