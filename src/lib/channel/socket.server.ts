/** The server side of `GET /api/channel`: checks the upgrade request, then connects the socket to its session. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { SocketLink } from '../actors/durable/types.ts';
import { CLOSE, MAX_MESSAGE_BYTES, SUBPROTOCOL } from '../protocol/channel.ts';
import { SluiceError, toSluiceError } from '../protocol/error.ts';
import { problemHeaders, problemOf } from '../protocol/problem.ts';
import { authenticate } from './credentials.ts';
import type { Edge } from './edge.ts';
import { credentialsFromNodeHeaders, requestHead } from './headers.ts';
import { MessageRate } from './message-rate.ts';
import type { TokenClaims } from './token.ts';
import {
  closeGracefully,
  decodeMessage,
  Heartbeat,
  ignoreError,
  pauseFor,
  toWireSocket,
} from './ws.server.ts';

/** A pasted list of a thousand addresses passes without delay. */
const BURST_MESSAGES = 1000;
const MESSAGES_PER_SECOND = 200;

export class ChannelServer {
  readonly #edge: Edge;
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    clientTracking: true,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  readonly #heartbeat: Heartbeat;

  constructor(edge: Edge, { heartbeatMs }: { heartbeatMs?: number } = {}) {
    this.#edge = edge;
    this.#heartbeat = new Heartbeat(this.#server.clients, heartbeatMs);
  }

  get clients(): number {
    return this.#server.clients.size;
  }

  /** Upgrades a request to a socket of its session, or refuses it over HTTP. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', ignoreError);
    try {
      const claims = this.#authorize(request);
      this.#server.handleUpgrade(request, socket, head, (ws) => this.#connect(ws, claims));
    } catch (error) {
      refuseUpgrade(socket, error);
    } finally {
      socket.off('error', ignoreError);
    }
  }

  /** Closes all sockets with 1012 (service restart), and waits until they are closed. */
  async close(): Promise<void> {
    this.#heartbeat.stop();
    const closed = [...this.#server.clients].map(
      (ws) =>
        new Promise<void>((resolve) => {
          ws.once('close', () => resolve());
          closeGracefully(ws, CLOSE.restart, 'restart');
        }),
    );
    await Promise.all(closed);
  }

  /** @throws SluiceError `forbidden_host`, `forbidden_origin`, `unauthorized`, `invalid_request`, `not_ready` */
  #authorize(request: IncomingMessage): TokenClaims {
    this.#edge.origins.checkUpgrade(requestHead('GET', request.headers));
    const claims = authenticate(this.#edge.tokens, credentialsFromNodeHeaders(request.headers));
    const offered = request.headers['sec-websocket-protocol'];
    if (offered !== undefined && !offered.split(',').some((name) => name.trim() === SUBPROTOCOL)) {
      throw new SluiceError('invalid_request', `This server speaks ${SUBPROTOCOL}.`);
    }
    if (this.#edge.isStopping()) throw new SluiceError('not_ready');
    return claims;
  }

  #connect(ws: WebSocket, { session }: TokenClaims): void {
    this.#heartbeat.track(ws);
    const rate = new MessageRate(BURST_MESSAGES, MESSAGES_PER_SECOND);
    let link: SocketLink;
    try {
      link = this.#edge.session(session).connect(toWireSocket(ws));
    } catch {
      ws.on('error', ignoreError);
      closeGracefully(ws, CLOSE.busy, 'busy');
      return;
    }
    ws.on('message', (data, isBinary) => {
      this.#heartbeat.markAlive(ws);
      // The protocol is text; the session refuses binary messages.
      link.message(isBinary ? new ArrayBuffer(0) : decodeMessage(data));
      const waitMs = rate.waitAfterMessage(performance.now());
      if (waitMs > 0) pauseFor(ws, waitMs);
    });
    ws.on('error', ignoreError);
    ws.on('close', (code, reason) => link.closed(code, reason.toString(), code !== 1006));
  }
}

/** Answers over plain HTTP, as the socket is not upgraded yet. */
export function refuseUpgrade(socket: Duplex, thrown: unknown): void {
  const error = toSluiceError(thrown);
  const body = JSON.stringify(problemOf(error));
  const headers = {
    ...problemHeaders(error),
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on('error', ignoreError);
  socket.end(`HTTP/1.1 ${error.status} ${error.code}\r\n${lines.join('')}\r\n${body}`, () =>
    socket.destroy(),
  );
}
