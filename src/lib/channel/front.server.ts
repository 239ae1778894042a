/** The front door, before Kit: every request and every upgrade, in production and in development. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { SluiceError } from '../protocol/error.ts';
import type { Edge } from './edge.ts';
import { headOf, SECURITY_HEADERS } from './headers.ts';
import { sendProblem } from './problem-node.server.ts';
import { refuseUpgrade } from './socket.server.ts';

/** In which Kit's handler is told whether the browser came over https. Whatever a client sends under it is dropped. */
export const PROTOCOL_HEADER = 'x-sluice-protocol';

/** Sets the headers that every answer has. @returns false when the request was refused, and answered */
export function admit(
  request: IncomingMessage,
  response: ServerResponse,
  { gate }: Pick<Edge, 'gate'>,
): boolean {
  for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
  try {
    gate.check(headOf(request.method ?? '', request.headers));
    // The absolute form names a host of its own, and is for proxies: we are none.
    if (request.url?.startsWith('/') !== true) throw new SluiceError('invalid_request', 'Ask for a path.');
    request.headers[PROTOCOL_HEADER] = gate.isSecure(request.headers.host) ? 'https' : 'http';
    return true;
  } catch (error) {
    sendProblem(response, error);
    return false;
  }
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
