/** The server side of `GET /api/inspector/channel`: checks the upgrade request, then connects the socket to a reader. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Edge } from '../channel/edge.ts';
import { credentialsFromNodeHeaders, requestHead } from '../channel/headers.ts';
import { inspectorScope, type InspectorScope } from '../channel/inspector-access.ts';
import { refuseUpgrade } from '../channel/socket.server.ts';
import { MessageRate } from '../channel/message-rate.ts';
import {
  closeGracefully,
  decodeMessage,
  Heartbeat,
  ignoreError,
  pauseFor,
  toWireSocket,
} from '../channel/ws.server.ts';
import { CLOSE } from '../protocol/channel.ts';
import { SluiceError } from '../protocol/error.ts';
import { INSPECTOR_SUBPROTOCOL } from '../protocol/inspection.ts';
import { parseInspectorMessage, toWatchFilter } from './client-message.ts';
import type { Inspector } from './inspector.ts';

/** A message holds a filter or an id. */
const MAX_MESSAGE_BYTES = 4 * 1024;
/** Each is flushed four times a second and reads the records of every turn. */
const MAX_CLIENTS = 32;
/** An explanation takes a turn of its session; clicks and repeating arrow keys are no faster than this. */
const BURST_MESSAGES = 50;
const MESSAGES_PER_SECOND = 20;

export class InspectorServer {
  readonly #edge: Edge;
  readonly #inspector: Inspector;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    clientTracking: true,
    handleProtocols: (offered) => (offered.has(INSPECTOR_SUBPROTOCOL) ? INSPECTOR_SUBPROTOCOL : false),
  });
  readonly #heartbeat: Heartbeat;

  constructor(edge: Edge, inspector: Inspector) {
    this.#edge = edge;
    this.#inspector = inspector;
    this.#heartbeat = new Heartbeat(this.#server.clients);
  }

  /** Upgrades a request to a socket, or refuses it over HTTP. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', ignoreError);
    try {
      const scope = this.#authorize(request);
      this.#server.handleUpgrade(request, socket, head, (ws) => this.#connect(ws, scope));
    } catch (error) {
      refuseUpgrade(socket, error);
    } finally {
      socket.off('error', ignoreError);
    }
  }

  close(): void {
    this.#heartbeat.stop();
    for (const ws of this.#server.clients) closeGracefully(ws, CLOSE.restart, 'restart');
  }

  /** @throws SluiceError `forbidden_host`, `forbidden_origin`, `not_found`, `invalid_request`, `not_ready` */
  #authorize(request: IncomingMessage): InspectorScope {
    this.#edge.origins.checkUpgrade(requestHead('GET', request.headers));
    const scope = inspectorScope(this.#edge, credentialsFromNodeHeaders(request.headers));
    if (scope === null) throw new SluiceError('not_found');
    const offered = request.headers['sec-websocket-protocol'];
    if (!offered?.split(',').some((name) => name.trim() === INSPECTOR_SUBPROTOCOL)) {
      throw new SluiceError('invalid_request', `This channel speaks ${INSPECTOR_SUBPROTOCOL}.`);
    }
    if (this.#edge.isStopping() || this.#server.clients.size >= MAX_CLIENTS)
      throw new SluiceError('not_ready');
    return scope;
  }

  #connect(ws: WebSocket, scope: InspectorScope): void {
    this.#heartbeat.track(ws);
    const rate = new MessageRate(BURST_MESSAGES, MESSAGES_PER_SECOND);
    const client = this.#inspector.connect(toWireSocket(ws), scope);
    ws.on('message', (data, isBinary) => {
      this.#heartbeat.markAlive(ws);
      try {
        const message = parseInspectorMessage(isBinary ? '' : decodeMessage(data));
        if (message.type === 'watch') client.watch(toWatchFilter(message));
        else void client.explain(message.download);
      } catch (error) {
        closeGracefully(ws, CLOSE.policy, error instanceof SluiceError ? error.code : 'invalid_request');
      }
      const waitMs = rate.waitAfterMessage(performance.now());
      if (waitMs > 0) pauseFor(ws, waitMs);
    });
    ws.on('error', ignoreError);
    ws.on('close', () => client.disconnect());
  }
}
