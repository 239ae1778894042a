/** Who may use the inspector, and how much they see. For everyone else it answers 404. */
import type { PlainAnswer } from '../protocol/answer.ts';
import { SluiceError } from '../protocol/error.ts';
import { DOWNLOAD_ID } from '../protocol/ids.ts';
import { paths } from '../protocol/paths.ts';
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
 * the browser here, the page `/link` asks first: a cross-origin navigation never sets a cookie.
 */
export function signIn({ inspector, origins }: SignInEdge, { url, headers }: Request): Response | null {
  const grant = new URL(url).searchParams.get('grant') ?? '';
  if (isCrossOrigin(headers.get('sec-fetch-site'))) {
    return inspector.operatorAuth.isLinkGrant(grant) ? redirectTo(`${paths.link}#grant=${grant}`) : null;
  }
  const cookie = inspector.operatorAuth.signIn(grant, origins.isSecure(headers.get('host') ?? undefined));
  if (cookie === null) return null;
  inspector.onSignIn();
  return redirectTo(paths.inspector, { 'set-cookie': cookie });
}

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
