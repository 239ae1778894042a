/** Everything under /api except the sockets, plus the two health paths: checked at the edge, then passed to the session. */
import type { IncomingMessage } from 'node:http';
import { nanoid } from 'nanoid';
import { landedFile } from '../files/landed-file.ts';
import { jsonAnswer } from '../protocol/answer.ts';
import { SluiceError } from '../protocol/error.ts';
import type { RecordedFile } from '../protocol/runner.ts';
import { paths } from '../protocol/paths.ts';
import type { OpenedSession } from '../protocol/session.ts';
import { problemAnswer } from '../protocol/problem.ts';
import {
  type EdgeRequest,
  type MatchedRequest,
  matchRequest,
  type SessionRequest,
} from '../protocol/request.ts';
import type { ApiAnswer } from './api-answer.ts';
import { readBody } from './body.ts';
import { authenticate } from './credentials.ts';
import type { Edge } from './edge.ts';
import { answerDevices } from './devices.ts';
import { serveFile } from './file.server.ts';
import { credentialsFromNodeHeaders, headerGetter } from './headers.ts';
import { plantedCookieHeaders } from './planted.ts';
import { healthz, readyz } from './health.ts';
import { sendTrace } from './inspector-access.ts';
import { listSessions, openLink, readLink } from './links.ts';
import { answerPeople } from './people/account.ts';
import { requireScope } from './scope.ts';
import { answerSecrets } from './secrets.ts';
import { answerSettings } from './settings.ts';
import { issueSession } from './visit.ts';

export function withoutQuery(url: string): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/** Whether `handleApi` answers this path; all others belong to the page. */
export function isApiPath(path: string): boolean {
  return (
    path.startsWith(`${paths.api}/`) || path === paths.api || path === paths.health || path === paths.ready
  );
}

/** Answers one request. Never rejects: an error becomes a problem document with its code. */
export async function handleApi(request: IncomingMessage, edge: Edge): Promise<ApiAnswer> {
  const { method = '', url = '' } = request;
  const path = withoutQuery(url);
  const query = url.slice(path.length + 1);
  try {
    const matched = matchRequest(method, path);
    const answer =
      matched.by === 'edge'
        ? await handleAtEdge(matched.parse(query), request, query, edge)
        : await askSession(matched, request, query, edge);
    answer.headers['cache-control'] ??= 'no-store';
    return answer;
  } catch (error) {
    const answer = problemAnswer(error);
    return {
      ...answer,
      headers: { ...answer.headers, ...plantedCookieHeaders(error, path, request.headers) },
    };
  }
}

async function handleAtEdge(
  asked: EdgeRequest,
  request: IncomingMessage,
  query: string,
  edge: Edge,
): Promise<ApiAnswer> {
  const credentials = credentialsFromNodeHeaders(request.headers);
  switch (asked.name) {
    case 'health':
      return healthz();
    case 'ready':
      return readyz(edge);
    case 'channel':
      // A page cannot read why its upgrade was refused, and Chromium takes no cookie from such an answer.
      requireScope(authenticate(edge.tokens, credentials), 'channel');
      return { status: 204, headers: {}, body: null };
    case 'start-session':
      return startSession(request, query, edge);
    case 'read-link':
      return readLink(await readBody(request), headerGetter(request.headers), edge);
    case 'open-link':
      return openLink(await readBody(request), headerGetter(request.headers), edge);
    case 'trace':
      return sendTrace(credentials, query, edge);
    case 'list-sessions':
      return listSessions(credentials, query, edge);
    case 'settings':
      return answerSettings(request, edge);
    case 'engines':
      authenticate(edge.tokens, credentials);
      return jsonAnswer({ engines: await edge.engines() });
    case 'list-devices':
    case 'add-token':
    case 'link-device':
    case 'unlink-device':
    case 'withdraw-device':
    case 'withdraw-other-devices':
      return answerDevices(asked, request, edge);
    case 'list-secrets':
    case 'put-secret':
    case 'remove-secret':
      return answerSecrets(asked, request, edge);
    default:
      return answerPeople(asked, request, edge);
  }
}

/** The session gets a parsed request, never the browser's own: cookies and tokens stay at the edge. */
async function askSession(
  { parse: parseRequest }: Extract<MatchedRequest, { by: 'session' }>,
  request: IncomingMessage,
  query: string,
  edge: Edge,
): Promise<ApiAnswer> {
  const claims = authenticate(edge.tokens, credentialsFromNodeHeaders(request.headers));
  const { session } = claims;
  edge.visitors.use(request, session);
  const body = request.method === 'POST' ? await readBody(request) : null;
  // It may be sent so slowly that the device was withdrawn by then.
  if (body !== null && !edge.tokens.isAdmitted(claims)) throw new SluiceError('unauthorized');
  const parsed = parseRequest(query, body ?? '');
  requireScope(claims, parsed.name);
  if (parsed.name === 'parse') return parse(request, parsed, session, edge);
  const answer = await edge.session(session).call('ask', parsed);
  if (parsed.name !== 'file' || answer.status !== 200) return answer;
  const file = landedFile(JSON.parse(answer.body ?? '') as RecordedFile);
  return whileAdmitted(await serveFile(request, edge.files, file), claims.token, edge);
}

/** Who is withdrawn gets no more of a file either. */
function whileAdmitted(
  answer: ApiAnswer,
  token: string,
  { tokens, withdrawals }: Pick<Edge, 'tokens' | 'withdrawals'>,
): ApiAnswer {
  const { body } = answer;
  if (body === null || typeof body === 'string') return answer;
  const forget = withdrawals.add(() => {
    if (tokens.verify(token) === null) body.destroy(new SluiceError('unauthorized'));
  });
  body.once('close', forget);
  return answer;
}

/** A look-up is cancelled when its client disconnects: it may run a process, and it holds one of few slots. */
async function parse(
  { socket }: IncomingMessage,
  asked: SessionRequest,
  session: string,
  edge: Edge,
): Promise<ApiAnswer> {
  const requester = nanoid();
  const stub = edge.session(session);
  const cancel = (): void => void stub.call('abandon', requester).catch(() => {});
  socket.once('close', cancel);
  try {
    const answer = stub.call('ask', asked, requester);
    if (socket.destroyed) cancel();
    return await answer;
  } finally {
    socket.off('close', cancel);
  }
}

/** Stores nothing: a session is created by its first write. */
async function startSession(request: IncomingMessage, query: string, edge: Edge): Promise<ApiAnswer> {
  await readBody(request);
  const header = headerGetter(request.headers);
  const owner = edge.visitors.ownerOf(request);
  const isNew = new URLSearchParams(query).get('new') === '1';
  const { session: id, token, lost, cookies } = issueSession(edge, header, owner, isNew);
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
