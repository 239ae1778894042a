/** Links of `sluice operator`, read and opened by the page `/link`; and what the command asks before it makes one. */
import * as v from 'valibot';
import { jsonAnswer, type PlainAnswer } from '../protocol/answer.ts';
import { validate } from '../protocol/commands.ts';
import { SluiceError } from '../protocol/error.ts';
import type { LinkView, OpenedLink } from '../protocol/session.ts';
import { sessionCookie } from './cookie.ts';
import { type Credentials, fromCookie } from './credentials.ts';
import type { Edge } from './edge.ts';
import type { HeaderOf } from './headers.ts';
import { isFromElsewhere } from './origin.ts';

type Door = Pick<Edge, 'tokens' | 'gate' | 'inspector' | 'lists'>;

/** More than a person looks through. */
const MOST_LISTED = 200;

const LinkBody = v.strictObject({ grant: v.pipe(v.string(), v.maxLength(256)) });

/**
 * What opening a link would do. It changes nothing: programs that fetch links for a preview use none up.
 * @throws SluiceError `link_used`, `invalid_json`, `invalid_request`
 */
export function readLink(body: string, header: HeaderOf, door: Door): PlainAnswer {
  const { operators } = door.inspector;
  const { lists } = door;
  const grant = grantIn(body);
  if (operators.isLink(grant)) return jsonAnswer({ kind: 'inspector' } satisfies LinkView);
  const { session, expiresAt } = lists.links.read(grant);
  const present = fromCookie(door.tokens, header('cookie'))?.session ?? null;
  const view: LinkView = {
    kind: 'session',
    expiresAt: new Date(expiresAt).toISOString(),
    opens: lists.summary(session),
    present: present === null ? null : lists.summary(present),
  };
  return jsonAnswer(view);
}

/**
 * Opens a link in the browser that asks: a session's link gives it another token of that session, once.
 * @throws SluiceError `link_used`, `invalid_json`, `invalid_request`; `forbidden_origin` for any page but our own
 */
export function openLink(body: string, header: HeaderOf, door: Door): PlainAnswer {
  // The gate has let in the other origins of SLUICE_ORIGINS too.
  if (isFromElsewhere(header('sec-fetch-site'))) throw new SluiceError('forbidden_origin');
  const grant = grantIn(body);
  const isSecure = door.gate.isSecure(header('host'));
  const operator = door.inspector.operators.signIn(grant, isSecure);
  if (operator !== null) {
    door.inspector.signedIn();
    return jsonAnswer({ kind: 'inspector' } satisfies OpenedLink, 200, { 'set-cookie': operator });
  }
  const id = door.lists.links.redeem(grant);
  const cookie = sessionCookie(door.tokens.issue(id).token, isSecure);
  door.lists.reopened(id);
  return jsonAnswer({ kind: 'session', id } satisfies OpenedLink, 200, { 'set-cookie': cookie });
}

/**
 * Sessions that have downloads, for holders of the server's key; with `?id=` only those that begin with it.
 * @throws SluiceError `unauthorized`
 */
export async function listSessions(
  { authorization }: Credentials,
  query: string,
  { inspector, lists }: Door,
): Promise<PlainAnswer> {
  if (!inspector.operators.isAuthorized(authorization)) throw new SluiceError('unauthorized');
  const prefix = new URLSearchParams(query).get('id') ?? '';
  return jsonAnswer(await lists.all(prefix, MOST_LISTED));
}

function grantIn(body: string): string {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    throw new SluiceError('invalid_json');
  }
  return validate(LinkBody, json).grant;
}
