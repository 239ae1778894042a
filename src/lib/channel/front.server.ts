/** Every request and upgrade comes through here before SvelteKit sees it, in production and in development. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Duplex, pipeline } from 'node:stream';
import { SluiceError } from '../protocol/error.ts';
import { paths } from '../protocol/paths.ts';
import { problemAnswer } from '../protocol/problem.ts';
import type { Admission } from './admission.ts';
import type { ApiAnswer } from './api-answer.ts';
import { handleApi, isApiPath, withoutQuery } from './api.ts';
import { isPreflight, isTokenCall, PREFLIGHT_ANSWER, readableAnywhere } from './cors.ts';
import type { Edge } from './edge.ts';
import { API_POLICY, recordProtocol, OWNER_HEADER, requestHead, SECURITY_HEADERS } from './headers.ts';
import { refuseUpgrade } from './web-socket-endpoint.server.ts';

/**
 * Checks a request, and answers it unless it is for the page. API requests bypass SvelteKit: its Request, Response and
 * streams took half the CPU of an add (0.39 ms with them, 0.18 ms without, bench/adds).
 * @returns true when the page has to answer; the security headers are set already
 */
export function handleRequest(
  request: IncomingMessage,
  response: ServerResponse,
  edge: Edge,
  admission: Admission,
): boolean {
  const { method = '', url = '', headers } = request;
  const path = withoutQuery(url);
  recordProtocol(headers, edge.origins);
  const mayBeForeign = isTokenCall(path, headers) || isPreflight(method, path, headers);
  try {
    edge.origins.check(requestHead(method, headers), mayBeForeign);
    // The absolute form names its own host and is meant for proxies.
    if (!url.startsWith('/')) throw new SluiceError('invalid_request', 'Ask for a path.');
    edge.visitors.request(request, isRenderedPath(path));
    edge.people.proxy?.check(request, edge);
  } catch (error) {
    refuse(response, error, mayBeForeign);
    return false;
  }
  if (isPreflight(method, path, headers)) {
    sendAnswer(response, PREFLIGHT_ANSWER);
    return false;
  }
  if (isApiPath(path)) {
    const start = (): void => {
      handleApi(request, edge)
        .then((answer) => sendAnswer(response, mayBeForeign ? readableAnywhere(answer) : answer))
        // `sendAnswer` throws when Node refuses a header; that must not end the process.
        .catch(() => response.destroy());
    };
    // Health checks do not wait in line.
    if (path.startsWith(paths.api)) admission.admit(start, edge.visitors.ownerOf(request));
    else start();
    return false;
  }
  // Nobody needs a part of the page's files, and SvelteKit's file server throws at one that ends before it begins.
  delete request.headers.range;
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  request.headers[OWNER_HEADER] = edge.visitors.ownerOf(request);
  return true;
}

/** Files of `static/`; all others of the page lie in SvelteKit's folder. A page is rendered also to say that there is none. */
const STATIC_FILES = ['/favicon.svg', '/manifest.webmanifest', '/session.js', '/theme.js'];

export function isRenderedPath(path: string): boolean {
  return !isApiPath(path) && !path.startsWith('/_app/') && !STATIC_FILES.includes(path);
}

/**
 * One that asks too much loses its connection too: new ones are counted as well.
 * @param isReadable by pages of other origins
 */
export function refuse(response: ServerResponse, error: unknown, isReadable = false): void {
  const isTooMuch = error instanceof SluiceError && error.code === 'too_many_requests';
  const answer = problemAnswer(error, isTooMuch ? { connection: 'close' } : {});
  sendAnswer(response, isReadable ? readableAnywhere(answer) : answer);
}

/** Handles the upgrade requests of one path. */
export interface UpgradeHandler {
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** @returns false when no handler is registered for the path */
export function dispatchUpgrade(
  endpoints: Readonly<Record<string, UpgradeHandler>>,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): boolean {
  const path = request.url?.split('?', 1)[0] ?? '';
  if (!Object.hasOwn(endpoints, path)) return false;
  endpoints[path]?.handleUpgrade(request, socket, head);
  return true;
}

export function refuseUnknownUpgrade(socket: Duplex): void {
  refuseUpgrade(socket, new SluiceError('not_found'));
}

/** Sends head and text in one write. */
export function sendAnswer(response: ServerResponse, { status, headers, body }: ApiAnswer): void {
  const all: ApiAnswer['headers'] = {
    ...SECURITY_HEADERS,
    'content-security-policy': API_POLICY,
    ...headers,
  };
  if (body === null) {
    response.writeHead(status, all).end();
  } else if (typeof body === 'string') {
    all['content-length'] = String(Buffer.byteLength(body));
    response.writeHead(status, all).end(body);
  } else {
    response.writeHead(status, all);
    // A client that disconnects or a failing disk ends both streams; no error can be sent any more.
    pipeline(body, response, () => undefined);
  }
}
