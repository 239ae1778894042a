/** Everything under /api but the socket, and the two paths for who watches: checks at the edge, then the session. */
import type { IncomingMessage } from 'node:http';
import { nanoid } from 'nanoid';
import { jsonAnswer } from '../protocol/answer.ts';
import type { LandedFile } from '../protocol/runner.ts';
import type { OpenedSession } from '../protocol/session.ts';
import { SluiceError } from '../protocol/error.ts';
import { problemAnswer } from '../protocol/problem.ts';
import type { ApiAnswer } from './api-answer.ts';
import { readBody } from './body.ts';
import { authenticate } from './credentials.ts';
import type { Edge } from './edge.ts';
import { serveFile } from './file.server.ts';
import { fromNodeHeaders, headerOf } from './headers.ts';
import { healthz, readyz } from './health.ts';
import { sendTrace } from './inspector-access.ts';
import { listSessions, openLink, readLink } from './links.ts';
import { openSession } from './visit.ts';

const FILE = /^\/api\/downloads\/([^/]+)\/file$/;
const TRACE = /^\/api\/inspector\/trace$/;
const READ = ['GET', 'HEAD'];
/** What there is, and the methods for it. */
const ROUTES: [path: RegExp, methods: string[]][] = [
  [/^\/api\/downloads$/, [...READ, 'POST']],
  [/^\/api\/downloads\/[^/]+$/, [...READ, 'DELETE']],
  [/^\/api\/downloads\/[^/]+\/(pause|resume|cancel|retry)$/, ['POST']],
  [FILE, READ],
  [/^\/api\/sessions$/, ['POST']],
  [/^\/api\/links\/(read|open)$/, ['POST']],
  [/^\/api\/operator\/sessions$/, READ],
  [/^\/api\/engines$/, READ],
  [/^\/api\/parse$/, ['POST']],
  [TRACE, READ],
  [/^\/(healthz|readyz)$/, READ],
];

export function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/** Whether a path is answered here; all others are the page's. */
export function isApi(path: string): boolean {
  return path.startsWith('/api/') || path === '/api' || path === '/healthz' || path === '/readyz';
}

/** Answers one request. Never rejects: whatever goes wrong is a problem with a code. */
export async function handleApi(request: IncomingMessage, edge: Edge): Promise<ApiAnswer> {
  const { method = '', url = '' } = request;
  const path = pathOf(url);
  const query = url.slice(path.length + 1);
  const methods = ROUTES.find(([pattern]) => pattern.test(path))?.[1];
  if (!methods) return problemAnswer(new SluiceError('not_found'));
  if (!methods.includes(method)) {
    const allow = methods.join(', ');
    return problemAnswer(new SluiceError('method_not_allowed', `Use ${allow} here.`), { allow });
  }
  try {
    const answer = await route(request, { method, path, query }, edge);
    answer.headers['cache-control'] ??= 'no-store';
    return answer;
  } catch (error) {
    return problemAnswer(error);
  }
}

interface Asked {
  method: string;
  path: string;
  query: string;
}

async function route(request: IncomingMessage, asked: Asked, edge: Edge): Promise<ApiAnswer> {
  const { method, path, query } = asked;
  if (path === '/healthz') return healthz();
  if (path === '/readyz') return readyz(edge);
  if (path === '/api/sessions') return startSession(request, edge);
  if (path === '/api/links/read') return readLink(await readBody(request), headerOf(request.headers), edge);
  if (path === '/api/links/open') return openLink(await readBody(request), headerOf(request.headers), edge);
  const credentials = fromNodeHeaders(request.headers);
  if (TRACE.test(path)) return sendTrace(credentials, query, edge);
  if (path === '/api/operator/sessions') return listSessions(credentials, query, edge);
  const { session } = authenticate(edge.tokens, credentials);
  if (path === '/api/engines') return jsonAnswer({ engines: await edge.engines() });
  const file = FILE.exec(path)?.[1];
  if (file !== undefined) return sendFile(request, file, session, edge);
  const body = method === 'POST' ? await readBody(request) : '';
  if (path === '/api/parse') return parse(request, body, session, edge);
  // The session sees words of ours, never the browser's request: no cookie or token of it goes further.
  return edge.session(session).call('ask', method, path.slice('/api'.length), query, body);
}

/** A look-up ends with the connection that waits for it: it may be a process, and holds one of few places. */
async function parse(
  { socket }: IncomingMessage,
  body: string,
  session: string,
  edge: Edge,
): Promise<ApiAnswer> {
  const asker = nanoid();
  const stub = edge.session(session);
  const abandon = (): void => void stub.call('abandon', asker).catch(() => {});
  socket.once('close', abandon);
  try {
    const answer = stub.call('ask', 'POST', '/parse', '', body, asker);
    if (socket.destroyed) abandon();
    return await answer;
  } finally {
    socket.off('close', abandon);
  }
}

/** Nothing is stored: the first write of the session creates it. */
async function startSession(request: IncomingMessage, edge: Edge): Promise<ApiAnswer> {
  await readBody(request);
  const { session: id, token, lost, cookies } = openSession(edge, headerOf(request.headers));
  const opened: OpenedSession = {
    id,
    ...(token === null ? {} : { token }),
    ...(lost === null ? {} : { lost }),
  };
  const answer = jsonAnswer(opened, token === null ? 200 : 201);
  return {
    ...answer,
    headers: { ...answer.headers, ...(cookies.length > 0 ? { 'set-cookie': cookies } : {}) },
  };
}

async function sendFile(
  request: IncomingMessage,
  id: string,
  session: string,
  edge: Edge,
): Promise<ApiAnswer> {
  const asked = await edge.session(session).call('ask', 'GET', `/downloads/${id}/file`, '', '');
  if (asked.status !== 200) return asked;
  return serveFile(request, edge.downloadDir, JSON.parse(asked.body ?? '') as LandedFile);
}
