/** Who may use the inspector, and how much they see. For everyone else it answers 404. */
import { type PlainAnswer, responseOf } from '../protocol/answer.ts';
import { SluiceError } from '../protocol/error.ts';
import { DOWNLOAD_ID } from '../protocol/ids.ts';
import { paths } from '../protocol/paths.ts';
import { problemAnswer } from '../protocol/problem.ts';
import { authenticate, type Credentials } from './credentials.ts';
import type { Edge } from './edge.ts';
import { credentialsFromHeaders } from './headers.ts';
import { isCrossOrigin } from './origin.ts';

export type InspectorScope =
  /** The visitor's own session. */
  | { scope: 'session'; session: string }
  /** Every session; `session` is the visitor's own. */
  | { scope: 'all'; session: string | null };

type ScopeEdge = Pick<Edge, 'inspector' | 'tokens'>;
type SignInEdge = Pick<Edge, 'inspector' | 'origins'>;

/** @returns null when the visitor may not inspect */
export function inspectorScope(edge: ScopeEdge, credentials: Credentials): InspectorScope | null {
  const { isEnabled, operatorAuth } = edge.inspector;
  const session = sessionOrNull(edge, credentials);
  if (operatorAuth.isOperator(credentials.cookie)) return { scope: 'all', session };
  return isEnabled && session !== null ? { scope: 'session', session } : null;
}

/** As `inspectorScope`, for the page: a visitor without a session gets one with the page. */
export function inspectorPageScope(edge: ScopeEdge, { headers }: Request): 'session' | 'all' | null {
  const scope = inspectorScope(edge, credentialsFromHeaders(headers))?.scope;
  return scope ?? (edge.inspector.isEnabled ? 'session' : null);
}

/**
 * Sets the operator's cookie and redirects to the inspector; null for an invalid link. When another site's page sent
 * the browser here, or it only fetches in advance, the page `/link` asks first: such a navigation never sets a cookie. That page
 * also says what is wrong with a link that cannot be used any more.
 */
export function signInOperator(
  { inspector, origins }: SignInEdge,
  { url, headers, method }: Request,
): Response | null {
  const grant = new URL(url).searchParams.get('grant') ?? '';
  const { operatorAuth } = inspector;
  const isBrowser = /\btext\/html\b/.test(headers.get('accept') ?? '');
  // Reloaded, or opened again from the history.
  if (isBrowser && operatorAuth.isOperator(headers.get('cookie'))) return redirectTo(paths.inspector);
  const isLink = operatorAuth.isLinkGrant(grant);
  const isOwn = !isCrossOrigin(headers.get('sec-fetch-site')) && !headers.has('sec-purpose');
  if (!isOwn || method !== 'GET') return isLink ? redirectTo(`${paths.link}#grant=${grant}`) : null;
  if (!isLink && !isBrowser) return null;
  try {
    const cookie = operatorAuth.signIn(grant, origins.isSecure(headers.get('host') ?? undefined));
    inspector.onSignIn();
    return redirectTo(paths.inspector, { 'set-cookie': cookie });
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    // The page's bundle has a class of its own for errors: it gets an answer.
    if (!isBrowser) return responseOf(problemAnswer(thrown));
    return redirectTo(`${paths.link}#grant=${SHAPE.test(grant) ? grant : 'x'}`);
  }
}

/** Of a grant: nothing else is put into an address. */
const SHAPE = /^[\w.-]{1,256}$/;

/**
 * A download's trace, as a file to attach to a bug report.
 * @throws SluiceError `not_found` when the visitor may not inspect, or when no such download is visible to them
 */
export async function sendTrace(
  credentials: Credentials,
  query: string,
  edge: ScopeEdge,
): Promise<PlainAnswer> {
  const scope = inspectorScope(edge, credentials);
  const download = new URLSearchParams(query).get('download') ?? '';
  if (scope === null || !DOWNLOAD_ID.test(download)) throw new SluiceError('not_found');
  const trace = await edge.inspector.trace(download, scope.scope === 'all' ? null : scope.session);
  if (trace === null) throw new SluiceError('not_found', 'There is no download of that id to be seen here.');
  return {
    status: 200,
    headers: {
      'content-type': 'application/json',
      'content-disposition': `attachment; filename="sluice-trace-${download}.json"`,
    },
    body: `${JSON.stringify(trace, null, 1)}\n`,
  };
}

function redirectTo(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store', ...headers } });
}

function sessionOrNull({ tokens }: Pick<Edge, 'tokens'>, credentials: Credentials): string | null {
  try {
    return authenticate(tokens, credentials).session;
  } catch {
    return null;
  }
}
