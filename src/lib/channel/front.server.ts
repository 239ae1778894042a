/** The front door, before Kit: every request and every upgrade, in production and in development. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Duplex, pipeline } from 'node:stream';
import { SluiceError } from '../protocol/error.ts';
import { problemAnswer } from '../protocol/problem.ts';
import type { Admission } from './admission.ts';
import type { ApiAnswer } from './api-answer.ts';
import { handleApi, isApi, pathOf } from './api.ts';
import type { Edge } from './edge.ts';
import { API_POLICY, headOf, SECURITY_HEADERS } from './headers.ts';
import { refuseUpgrade } from './socket.server.ts';

/** In which Kit's handler is told whether the browser came over https. Whatever a client sends under it is dropped. */
export const PROTOCOL_HEADER = 'x-sluice-protocol';

/**
 * Checks a request, and answers it unless it is for the page. The API does not go through Kit, whose way there, with
 * a Request, a Response and their streams, took about half the CPU of an add (0.39 ms with it, 0.18 without, bench/adds).
 * @returns true when the page has to answer; the headers that every answer has are set
 */
export function receive(
  request: IncomingMessage,
  response: ServerResponse,
  edge: Edge,
  admission: Admission,
): boolean {
  try {
    edge.gate.check(headOf(request.method ?? '', request.headers));
    // The absolute form names a host of its own, and is for proxies: we are none.
    if (request.url?.startsWith('/') !== true) throw new SluiceError('invalid_request', 'Ask for a path.');
  } catch (error) {
    sendAnswer(response, problemAnswer(error));
    return false;
  }
  const path = pathOf(request.url);
  if (isApi(path)) {
    const begin = (): void => {
      handleApi(request, edge)
        .then((answer) => sendAnswer(response, answer))
        // It never rejects; but what Node refuses to send must not end the process.
        .catch(() => response.destroy());
    };
    // Who only asks whether we live does not wait in line.
    if (path.startsWith('/api')) admission.enter(begin);
    else begin();
    return false;
  }
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  request.headers[PROTOCOL_HEADER] = edge.gate.isSecure(request.headers.host) ? 'https' : 'http';
  return true;
}

/** What takes the upgrade requests of one path. */
export interface Endpoint {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
}

/** @returns false when the upgrade is for none of them */
export function upgrade(
  endpoints: Readonly<Record<string, Endpoint>>,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): boolean {
  const path = request.url?.split('?', 1)[0] ?? '';
  if (!Object.hasOwn(endpoints, path)) return false;
  endpoints[path]?.upgrade(request, socket, head);
  return true;
}

/** For an upgrade that nobody takes. */
export function refuseUnknownUpgrade(socket: Duplex): void {
  refuseUpgrade(socket, new SluiceError('not_found'));
}

/** Head and text leave in one write. */
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
    // Who goes away or a disk that fails ends both; there is nobody left to tell.
    pipeline(body, response, () => undefined);
  }
}
