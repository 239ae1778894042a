/** Who may look into the inspector, and how far. For anybody else it is not there. */
import type { PlainAnswer } from '../protocol/answer.ts';
import { SluiceError } from '../protocol/error.ts';
import { DOWNLOAD_ID } from '../protocol/ids.ts';
import { paths } from '../protocol/paths.ts';
import { authenticate, type Credentials } from './credentials.ts';
import type { Edge } from './edge.ts';
import { fromHeaders } from './headers.ts';
import { isFromElsewhere } from './origin.ts';

export type InspectorScope =
  /** One's own session. */
  | { scope: 'session'; session: string }
  /** Every session; `session` is the visitor's own. */
  | { scope: 'all'; session: string | null };

type Door = Pick<Edge, 'inspector' | 'tokens' | 'gate'>;

/** @returns null for who may not look */
export function inspectorScope(edge: Omit<Door, 'gate'>, credentials: Credentials): InspectorScope | null {
  const { isOpen, operators } = edge.inspector;
  const session = sessionOf(edge, credentials);
  if (operators.isOperator(credentials.cookie)) return { scope: 'all', session };
  return isOpen && session !== null ? { scope: 'session', session } : null;
}

/** As `inspectorScope`, for the page: who has no session yet gets one with it. */
export function pageScope(edge: Omit<Door, 'gate'>, { headers }: Request): 'session' | 'all' | null {
  return inspectorScope(edge, fromHeaders(headers))?.scope ?? (edge.inspector.isOpen ? 'session' : null);
}

/**
 * Makes a browser the operator's, and sends it to the inspector; null for a link that is none. Where another site's page
 * sent the browser here, a page of ours asks first: no navigation from elsewhere sets a cookie.
 */
export function signIn({ inspector, gate }: Door, { url, headers }: Request): Response | null {
  const grant = new URL(url).searchParams.get('grant') ?? '';
  if (isFromElsewhere(headers.get('sec-fetch-site'))) {
    return inspector.operators.isLink(grant) ? goTo(`${paths.link}#grant=${grant}`) : null;
  }
  const cookie = inspector.operators.signIn(grant, gate.isSecure(headers.get('host') ?? undefined));
  if (cookie === null) return null;
  inspector.signedIn();
  return goTo(paths.inspector, { 'set-cookie': cookie });
}

/**
 * A download's trace, as a file to attach to a report.
 * @throws SluiceError `not_found` for who may not look, and for a download that is not there or not his
 */
export async function sendTrace(
  credentials: Credentials,
  query: string,
  edge: Omit<Door, 'gate'>,
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

function goTo(location: string, headers: Record<string, string> = {}): Response {
  return new Response(null, { status: 303, headers: { location, 'cache-control': 'no-store', ...headers } });
}

function sessionOf({ tokens }: Pick<Edge, 'tokens'>, credentials: Credentials): string | null {
  try {
    return authenticate(tokens, credentials).session;
  } catch {
    return null;
  }
}
