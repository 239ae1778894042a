/** The server side of `GET /api/channel`: checks the upgrade request, then connects the socket to its session. */
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { SocketLink } from '../actors/durable/types.ts';
import { CLOSE, MAX_MESSAGE_BYTES, SUBPROTOCOL } from '../protocol/channel.ts';
import { SluiceError } from '../protocol/error.ts';
import { authenticate } from './credentials.ts';
import type { Edge } from './edge.ts';
import { credentialsFromNodeHeaders, recordProtocol, requestHead } from './headers.ts';
import { requireScope } from './scope.ts';
import type { TokenClaims } from './token.ts';
import { type Connection, offersSubprotocol, WebSocketEndpoint } from './web-socket-endpoint.server.ts';
import { closeGracefully, toWireSocket } from './ws.server.ts';

/** A pasted list of a thousand addresses passes without delay. */
const RATE = { burst: 1000, perSecond: 200 };

export function createChannelEndpoint(
  edge: Edge,
  { heartbeatMs }: { heartbeatMs?: number } = {},
): WebSocketEndpoint<TokenClaims> {
  return new WebSocketEndpoint({
    subprotocol: SUBPROTOCOL,
    maxMessageBytes: MAX_MESSAGE_BYTES,
    rate: RATE,
    heartbeatMs,
    authorize: (request) => authorize(request, edge),
    isStillAllowed: (claims) => edge.tokens.isAdmitted(claims),
    hold: (request, { session }) => edge.visitors.listSocket(request, session),
    connect: (ws, claims) => connect(ws, claims, edge),
  });
}

/** @throws SluiceError `forbidden_host`, `forbidden_origin`, `unauthorized`, `two_sessions`, `scope_refused`, `invalid_request`, `not_ready` */
function authorize(request: IncomingMessage, edge: Edge): TokenClaims {
  edge.origins.checkUpgrade(requestHead('GET', request.headers));
  recordProtocol(request.headers, edge.origins);
  const claims = authenticate(edge.tokens, credentialsFromNodeHeaders(request.headers));
  requireScope(claims, 'channel');
  if (offersSubprotocol(request, SUBPROTOCOL) === false) {
    throw new SluiceError('invalid_request', `This server speaks ${SUBPROTOCOL}.`);
  }
  if (edge.isStopping()) throw new SluiceError('not_ready');
  return claims;
}

function connect(ws: WebSocket, { session }: TokenClaims, edge: Edge): Connection | null {
  let link: SocketLink;
  try {
    link = edge.session(session).connect(toWireSocket(ws));
  } catch {
    closeGracefully(ws, CLOSE.busy, 'busy');
    return null;
  }
  return {
    // The session refuses binary messages.
    message: (text) => link.message(text ?? new ArrayBuffer(0)),
    closed: (code, reason) => link.closed(code, reason, code !== 1006),
  };
}
