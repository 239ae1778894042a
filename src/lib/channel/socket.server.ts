/** The server's end of `GET /api/channel`: checks before the upgrade, then hands each socket to its session. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { SocketLink } from '../actors/durable/types.ts';
import { CLOSE, MAX_MESSAGE_BYTES, SUBPROTOCOL } from '../protocol/channel.ts';
import { SluiceError, toSluiceError } from '../protocol/error.ts';
import { problemHeaders, problemOf } from '../protocol/problem.ts';
import { authenticate } from './credentials.ts';
import type { Edge } from './edge.ts';
import { fromNodeHeaders, headOf } from './headers.ts';
import { MessageRate } from './message-rate.ts';
import type { TokenClaims } from './token.ts';
import { closeSoon, Heartbeat, pauseFor, textOf, wireOf } from './ws.server.ts';

/** What a client may send at once, and a second after that: a paste of a thousand addresses passes unhindered. */
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

  /** Answers an upgrade request for the channel: by HTTP if it is refused, else with a socket of its session. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Nobody else listens to it yet; an unheard error would end the process.
    socket.on('error', ignore);
    try {
      const claims = this.#admit(request);
      this.#server.handleUpgrade(request, socket, head, (ws) => this.#connect(ws, claims));
    } catch (error) {
      refuseUpgrade(socket, error);
    } finally {
      socket.off('error', ignore);
    }
  }

  /** Asks all clients to come back later, and waits until they are gone. */
  async close(): Promise<void> {
    this.#heartbeat.stop();
    const closed = [...this.#server.clients].map(
      (ws) =>
        new Promise<void>((resolve) => {
          ws.once('close', () => resolve());
          closeSoon(ws, CLOSE.restart, 'restart');
        }),
    );
    await Promise.all(closed);
  }

  /** @throws SluiceError `forbidden_host`, `forbidden_origin`, `unauthorized`, `invalid_request`, `not_ready` */
  #admit(request: IncomingMessage): TokenClaims {
    this.#edge.gate.checkUpgrade(headOf('GET', request.headers));
    const claims = authenticate(this.#edge.tokens, fromNodeHeaders(request.headers));
    const offered = request.headers['sec-websocket-protocol'];
    if (offered !== undefined && !offered.split(',').some((name) => name.trim() === SUBPROTOCOL)) {
      throw new SluiceError('invalid_request', `This server speaks ${SUBPROTOCOL}.`);
    }
    if (this.#edge.isStopping()) throw new SluiceError('not_ready');
    return claims;
  }

  #connect(ws: WebSocket, { session, nonce }: TokenClaims): void {
    this.#heartbeat.listen(ws);
    const rate = new MessageRate(BURST_MESSAGES, MESSAGES_PER_SECOND);
    let link: SocketLink;
    try {
      link = this.#edge.session(session).connect(wireOf(ws), { tags: [`token:${nonce}`] });
    } catch {
      ws.on('error', ignore);
      closeSoon(ws, CLOSE.busy, 'busy');
      return;
    }
    ws.on('message', (data, isBinary) => {
      this.#heartbeat.alive(ws);
      // The protocol is text; what is binary is handed on as such, for the session to refuse.
      link.message(isBinary ? new ArrayBuffer(0) : textOf(data));
      const waitMs = rate.take(performance.now());
      if (waitMs > 0) pauseFor(ws, waitMs);
    });
    ws.on('error', (error) => link.error(error));
    ws.on('close', (code, reason) => link.closed(code, reason.toString(), code !== 1006));
  }
}

/** A refusal is plain HTTP, as the socket is not one yet. */
export function refuseUpgrade(socket: Duplex, thrown: unknown): void {
  const error = toSluiceError(thrown);
  const body = JSON.stringify(problemOf(error));
  const headers = {
    ...problemHeaders(error),
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.on('error', ignore);
  socket.end(`HTTP/1.1 ${error.status} ${error.code}\r\n${lines.join('')}\r\n${body}`, () =>
    socket.destroy(),
  );
}

function ignore(): void {
  // A client that went away is no news.
}
