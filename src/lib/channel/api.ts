/** Everything under /api but the socket, and the two paths for who watches: checks at the edge, then the session. */
import type { IncomingMessage } from 'node:http';
import { nanoid } from 'nanoid';
import { jsonAnswer } from '../protocol/answer.ts';
import type { DownloadedFile } from '../protocol/runner.ts';
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
import { serveFile } from './file.server.ts';
import { fromNodeHeaders, headerOf } from './headers.ts';
import { healthz, readyz } from './health.ts';
import { sendTrace } from './inspector-access.ts';
import { listSessions, openLink, readLink } from './links.ts';
import { openSession } from './visit.ts';

export function pathOf(url: string): string {
  const end = url.indexOf('?');
  return end < 0 ? url : url.slice(0, end);
}

/** Whether a path is answered here; all others are the page's. */
export function isApi(path: string): boolean {
  return (
    path.startsWith(`${paths.api}/`) || path === paths.api || path === paths.health || path === paths.ready
  );
}

/** Answers one request. Never rejects: whatever goes wrong is a problem with a code. */
export async function handleApi(request: IncomingMessage, edge: Edge): Promise<ApiAnswer> {
  const { method = '', url = '' } = request;
  const path = pathOf(url);
  const query = url.slice(path.length + 1);
  try {
    const matched = matchRequest(method, path);
    const answer =
      matched.by === 'edge'
        ? await answerAtEdge(matched.request, request, query, edge)
        : await askSession(matched, request, query, edge);
    answer.headers['cache-control'] ??= 'no-store';
    return answer;
  } catch (error) {
    return problemAnswer(error);
  }
}

async function answerAtEdge(
  { name }: EdgeRequest,
  request: IncomingMessage,
  query: string,
  edge: Edge,
): Promise<ApiAnswer> {
  const credentials = fromNodeHeaders(request.headers);
  switch (name) {
    case 'health':
      return healthz();
    case 'ready':
      return readyz(edge);
    case 'start-session':
      return startSession(request, edge);
    case 'read-link':
      return readLink(await readBody(request), headerOf(request.headers), edge);
    case 'open-link':
      return openLink(await readBody(request), headerOf(request.headers), edge);
    case 'trace':
      return sendTrace(credentials, query, edge);
    case 'list-sessions':
      return listSessions(credentials, query, edge);
    case 'engines':
      authenticate(edge.tokens, credentials);
      return jsonAnswer({ engines: await edge.engines() });
  }
}

/** The session sees words of ours, never the browser's request: no cookie or token of it goes further. */
async function askSession(
  { read }: Extract<MatchedRequest, { by: 'session' }>,
  request: IncomingMessage,
  query: string,
  edge: Edge,
): Promise<ApiAnswer> {
  const { session } = authenticate(edge.tokens, fromNodeHeaders(request.headers));
  const asked = read(query, request.method === 'POST' ? await readBody(request) : '');
  if (asked.name === 'parse') return parse(request, asked, session, edge);
  const answer = await edge.session(session).call('ask', asked);
  if (asked.name !== 'file' || answer.status !== 200) return answer;
  return serveFile(request, edge.downloadDir, JSON.parse(answer.body ?? '') as DownloadedFile);
}

/** A look-up ends with the connection that waits for it: it may be a process, and holds one of few slots. */
async function parse(
  { socket }: IncomingMessage,
  asked: SessionRequest,
  session: string,
  edge: Edge,
): Promise<ApiAnswer> {
  const requester = nanoid();
  const stub = edge.session(session);
  const abandon = (): void => void stub.call('abandon', requester).catch(() => {});
  socket.once('close', abandon);
  try {
    const answer = stub.call('ask', asked, requester);
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
