/** Everything under /api, but the socket: checks at the edge, then the session's own `fetch`. */
import type { DownloadView } from '../protocol/download.ts';
import { SluiceError } from '../protocol/error.ts';
import { problemResponse } from '../protocol/problem.ts';
import { readBody } from './body.ts';
import { sessionCookie } from './cookie.ts';
import { authenticate } from './credentials.ts';
import type { Edge } from './edge.ts';
import { serveFile } from './file.server.ts';
import { fromHeaders } from './headers.ts';
import { sendTrace } from './inspector-access.ts';
import type { TokenClaims } from './token.ts';

/** Tells the session which of its tokens was used, so that it can refuse one that was revoked. */
export const TOKEN_HEADER = 'sluice-token';

const FILE = /^\/api\/downloads\/([^/]+)\/file$/;
const TRACE = /^\/api\/inspector\/trace$/;
const READ = ['GET', 'HEAD'];
/** What there is, and the methods for it. */
const ROUTES: [path: RegExp, methods: string[]][] = [
  [/^\/api\/sessions$/, ['POST']],
  [/^\/api\/engines$/, READ],
  [/^\/api\/parse$/, ['POST']],
  [/^\/api\/downloads$/, [...READ, 'POST']],
  [/^\/api\/downloads\/[^/]+$/, [...READ, 'DELETE']],
  [/^\/api\/downloads\/[^/]+\/(pause|resume|cancel|retry)$/, ['POST']],
  [FILE, READ],
  [TRACE, READ],
];

/** Answers one request. Never rejects: whatever goes wrong is a problem with a code. */
export async function handleApi(request: Request, edge: Edge): Promise<Response> {
  const { pathname } = new URL(request.url);
  const methods = ROUTES.find(([path]) => path.test(pathname))?.[1];
  if (!methods) return problemResponse(new SluiceError('not_found'));
  if (!methods.includes(request.method)) {
    const allow = methods.join(', ');
    return problemResponse(new SluiceError('method_not_allowed', `Use ${allow} here.`), { allow });
  }
  try {
    const response = await route(request, pathname, edge);
    if (!response.headers.has('cache-control')) response.headers.set('cache-control', 'no-store');
    return request.method === 'HEAD' ? new Response(null, response) : response;
  } catch (error) {
    return problemResponse(error);
  }
}

async function route(request: Request, pathname: string, edge: Edge): Promise<Response> {
  if (pathname === '/api/sessions') return startSession(request, edge);
  if (TRACE.test(pathname)) return sendTrace(request, edge);
  const claims = authenticate(edge.tokens, fromHeaders(request.headers));
  if (pathname === '/api/engines') return Response.json({ engines: await edge.engines() });
  const file = FILE.exec(pathname)?.[1];
  if (file !== undefined) return sendFile(request, file, claims, edge);
  const body = request.method === 'POST' ? await readBody(request) : '';
  return ask(edge, claims, request.method, request.url, body);
}

/** Nothing is stored: the first write of the session creates it. */
async function startSession(request: Request, edge: Edge): Promise<Response> {
  await readBody(request);
  const { session, token } = edge.tokens.issue();
  const cookie = sessionCookie(token, edge.gate.isSecure(request.headers.get('host') ?? undefined));
  return Response.json({ id: session, token }, { status: 201, headers: { 'set-cookie': cookie } });
}

async function sendFile(request: Request, id: string, claims: TokenClaims, edge: Edge): Promise<Response> {
  const shown = await ask(edge, claims, 'GET', new URL(`/api/downloads/${id}`, request.url).href, '');
  if (!shown.ok) return shown;
  const { file, state } = (await shown.json()) as DownloadView;
  if (file === null)
    throw new SluiceError('wrong_state', `The download is in state ${state}: it has no file yet.`);
  return serveFile(request, edge.downloadDir, file.name);
}

/** The session sees a request of ours, never the browser's: no cookie or token of it goes further. */
function ask(edge: Edge, claims: TokenClaims, method: string, url: string, body: string): Promise<Response> {
  const init: RequestInit = { method, headers: { [TOKEN_HEADER]: claims.nonce } };
  if (body !== '') init.body = body;
  return edge.session(claims.session).fetch(new Request(url, init));
}
