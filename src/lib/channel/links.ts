/** The API behind links of `sluice operator` and of the page `/devices`: the page `/link` reads and opens them, the command lists sessions for them. */
import * as v from 'valibot';
import { jsonAnswer, type PlainAnswer } from '../protocol/answer.ts';
import { parseJson, validate } from '../protocol/commands.ts';
import { SluiceError } from '../protocol/error.ts';
import type { LinkView, OpenedLink } from '../protocol/session.ts';
import { sessionCookie } from './cookie.ts';
import { type Credentials, claimsFromCookies } from './credentials.ts';
import { admitBrowser } from './devices.ts';
import { openAsPerson } from './people/open-link.ts';
import type { Edge } from './edge.ts';
import type { HeaderGetter } from './headers.ts';
import { isCrossOrigin } from './origin.ts';

type LinksEdge = Pick<
  Edge,
  'tokens' | 'origins' | 'inspector' | 'session' | 'storedSessions' | 'people' | 'withdrawals'
>;

/** More than anybody reads through. */
const MAX_LISTED = 200;

const LinkBody = v.strictObject({ grant: v.pipe(v.string(), v.maxLength(256)) });

/**
 * Says what opening a link would do, without using it up.
 * @throws SluiceError `link_used`, `two_sessions`, `invalid_json`, `invalid_request`
 */
export function readLink(body: string, header: HeaderGetter, edge: LinksEdge): PlainAnswer {
  const { operatorAuth } = edge.inspector;
  const { storedSessions } = edge;
  const grant = parseGrant(body);
  if (operatorAuth.isLinkGrant(grant)) {
    operatorAuth.checkLink(grant);
    return jsonAnswer({ kind: 'inspector' } satisfies LinkView);
  }
  const { session, expiresAt } = storedSessions.links.read(grant);
  const isSecure = edge.origins.isSecure(header('host'));
  const present = claimsFromCookies(edge.tokens, header('cookie'), isSecure)?.session ?? null;
  const view: LinkView = {
    kind: 'session',
    expiresAt: new Date(expiresAt).toISOString(),
    opens: storedSessions.summary(session),
    present: present === null ? null : storedSessions.summary(present),
  };
  return jsonAnswer(view);
}

/**
 * Opens a link in the requesting browser, once. A session's link makes it a device of that session.
 * @throws SluiceError `link_used`, `too_many_devices`, `invalid_json`, `invalid_request`; `forbidden_origin` for any page but
 * our own
 */
export async function openLink(body: string, header: HeaderGetter, edge: LinksEdge): Promise<PlainAnswer> {
  // Requests from other origins of SLUICE_ORIGINS got this far too.
  if (isCrossOrigin(header('sec-fetch-site'))) throw new SluiceError('forbidden_origin');
  const grant = parseGrant(body);
  const isSecure = edge.origins.isSecure(header('host'));
  const { operatorAuth } = edge.inspector;
  if (operatorAuth.isLinkGrant(grant)) {
    const operator = operatorAuth.signIn(grant, isSecure);
    edge.inspector.onSignIn();
    return jsonAnswer({ kind: 'inspector' } satisfies OpenedLink, 200, { 'set-cookie': operator });
  }
  if (edge.people.auth !== 'none') return openAsPerson(grant, header, edge);
  const id = edge.storedSessions.links.redeem(grant);
  const claims = edge.tokens.issueForDevice(id);
  await admitBrowser(claims, header, edge);
  const cookie = sessionCookie(claims.token, isSecure);
  edge.storedSessions.onLinkOpened(id);
  return jsonAnswer({ kind: 'session', id } satisfies OpenedLink, 200, { 'set-cookie': cookie });
}

/**
 * Lists sessions that have downloads, for holders of the server's key; `?id=` filters by the beginning of the id.
 * @throws SluiceError `unauthorized`
 */
export async function listSessions(
  { authorization }: Credentials,
  query: string,
  { inspector, storedSessions }: LinksEdge,
): Promise<PlainAnswer> {
  if (!inspector.operatorAuth.isAuthorized(authorization)) throw new SluiceError('unauthorized');
  const prefix = new URLSearchParams(query).get('id') ?? '';
  return jsonAnswer(await storedSessions.all(prefix, MAX_LISTED));
}

function parseGrant(body: string): string {
  return validate(LinkBody, parseJson(body)).grant;
}
