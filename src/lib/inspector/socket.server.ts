/** The server side of `GET /api/inspector/channel`: checks the upgrade request, then connects the socket to a reader. */
import type { IncomingMessage } from 'node:http';
import type { WebSocket } from 'ws';
import type { Edge } from '../channel/edge.ts';
import { credentialsFromNodeHeaders, recordProtocol, requestHead } from '../channel/headers.ts';
import { inspectorScope, type InspectorScope } from '../channel/inspector-access.ts';
import {
  type Connection,
  offersSubprotocol,
  WebSocketEndpoint,
} from '../channel/web-socket-endpoint.server.ts';
import { closeGracefully, toWireSocket } from '../channel/ws.server.ts';
import { CLOSE } from '../protocol/channel.ts';
import { SluiceError } from '../protocol/error.ts';
import { INSPECTOR_SUBPROTOCOL } from '../protocol/inspection.ts';
import { parseInspectorMessage, toWatchFilter } from './client-message.ts';
import { LOCAL, type QuotaKey } from '../quota/quota.ts';
import type { Inspector } from './inspector.ts';

/** A message holds a filter or an id. */
const MAX_MESSAGE_BYTES = 4 * 1024;
/** Each is flushed four times a second and reads the records of every turn. */
const MAX_CLIENTS = 32;
/** Of them for the operator alone: visitors who inspect their own sessions cannot take these. */
const OPERATOR_CLIENTS = 8;
/** An explanation takes a turn of its session; clicks and repeating arrow keys are no faster than this. */
const RATE = { burst: 50, perSecond: 20 };

interface Access {
  scope: InspectorScope;
  isStillAllowed: () => boolean;
}

export function createInspectorEndpoint(edge: Edge, inspector: Inspector): WebSocketEndpoint<Access> {
  const endpoint: WebSocketEndpoint<Access> = new WebSocketEndpoint({
    subprotocol: INSPECTOR_SUBPROTOCOL,
    maxMessageBytes: MAX_MESSAGE_BYTES,
    rate: RATE,
    authorize: (request) => authorize(request, edge, endpoint.clients),
    isStillAllowed: ({ isStillAllowed }) => isStillAllowed(),
    hold: (request, { scope }) => edge.visitors.socket('inspector', keyOf(request, scope, edge)),
    connect: (ws, { scope }) => connect(ws, scope, inspector),
  });
  return endpoint;
}

/** @throws SluiceError `forbidden_host`, `forbidden_origin`, `not_found`, `invalid_request`, `not_ready` */
function authorize(request: IncomingMessage, edge: Edge, clients: number): Access {
  edge.origins.checkUpgrade(requestHead('GET', request.headers));
  recordProtocol(request.headers, edge.origins);
  const credentials = credentialsFromNodeHeaders(request.headers);
  const scope = inspectorScope(edge, credentials);
  if (scope === null) throw new SluiceError('not_found');
  if (offersSubprotocol(request, INSPECTOR_SUBPROTOCOL) !== true) {
    throw new SluiceError('invalid_request', `This channel speaks ${INSPECTOR_SUBPROTOCOL}.`);
  }
  const most = scope.scope === 'all' ? MAX_CLIENTS : MAX_CLIENTS - OPERATOR_CLIENTS;
  if (edge.isStopping() || clients >= most) throw new SluiceError('not_ready');
  return { scope, isStillAllowed: () => inspectorScope(edge, credentials) !== null };
}

function keyOf(request: IncomingMessage, scope: InspectorScope, { visitors }: Edge): QuotaKey {
  // The operator has the key of the server: from wherever it comes, it is as good as on this machine.
  if (scope.scope === 'all') return { owner: LOCAL, list: null };
  // Not `use`: a viewer does not become the list's owner.
  return { owner: visitors.ownerOf(request), list: scope.session };
}

function connect(ws: WebSocket, scope: InspectorScope, inspector: Inspector): Connection {
  const client = inspector.connect(toWireSocket(ws), scope);
  return {
    message(text) {
      try {
        const message = parseInspectorMessage(text ?? '');
        if (message.type === 'watch') client.watch(toWatchFilter(message));
        else void client.explain(message.download);
      } catch (error) {
        closeGracefully(ws, CLOSE.policy, error instanceof SluiceError ? error.code : 'invalid_request');
      }
    },
    closed: () => client.disconnect(),
  };
}
