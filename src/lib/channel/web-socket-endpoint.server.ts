/** What every WebSocket endpoint does: upgrade or refuse, notice dead connections, slow down senders, close. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { CLOSE } from '../protocol/channel.ts';
import { toSluiceError } from '../protocol/error.ts';
import { problemHeaders, problemOf } from '../protocol/problem.ts';
import { plantedCookieHeaders } from './planted.ts';
import { Bucket, type Rate } from '../quota/bucket.ts';
import type { HeldSocket } from './visitors.ts';
import { byteLength, closeGracefully, decodeMessage, Heartbeat, ignoreError, pauseFor } from './ws.server.ts';

/** The server's end of one connection. */
export interface Connection {
  /** @param text null = it was binary, which no protocol of ours has */
  message(text: string | null): void;
  closed(code: number, reason: string): void;
}

export interface WebSocketEndpointOptions<Access> {
  subprotocol: string;
  maxMessageBytes: number;
  /** Messages of any one socket: those that come sooner are delayed. */
  rate: Rate;
  heartbeatMs?: number | undefined;
  /** @throws SluiceError: the request is refused over HTTP */
  authorize(request: IncomingMessage): Access;
  /** null = the visitor has too many: the socket is closed with 1013, which a page can read, other than a status. */
  hold(request: IncomingMessage, access: Access): HeldSocket | null;
  /** Whether the access that was given still holds; absent = it cannot be withdrawn. */
  isStillAllowed?: (access: Access) => boolean;
  /** null = the socket is being closed. */
  connect(ws: WebSocket, access: Access): Connection | null;
}

export class WebSocketEndpoint<Access> {
  readonly #options: WebSocketEndpointOptions<Access>;
  readonly #server: WebSocketServer;
  readonly #heartbeat: Heartbeat;
  readonly #accesses = new Map<WebSocket, Access>();

  constructor(options: WebSocketEndpointOptions<Access>) {
    const { subprotocol, maxMessageBytes, heartbeatMs } = options;
    this.#options = options;
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: maxMessageBytes,
      perMessageDeflate: false,
      clientTracking: true,
      handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
    });
    this.#heartbeat = new Heartbeat(this.#server.clients, heartbeatMs, () => this.closeWithdrawn());
  }

  get clients(): number {
    return this.#server.clients.size;
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', ignoreError);
    try {
      const access = this.#options.authorize(request);
      this.#server.handleUpgrade(request, socket, head, (ws) => this.#connect(ws, request, access));
    } catch (error) {
      const path = request.url?.split('?', 1)[0] ?? '';
      refuseUpgrade(socket, error, plantedCookieHeaders(error, path, request.headers)['set-cookie']);
    } finally {
      socket.off('error', ignoreError);
    }
  }

  /** Closes the sockets whose access was withdrawn or has expired; expired ones are found at each heartbeat too. */
  closeWithdrawn(): void {
    const { isStillAllowed = () => true } = this.#options;
    for (const [ws, access] of this.#accesses)
      if (!isStillAllowed(access)) closeGracefully(ws, CLOSE.sessionGone, 'unauthorized');
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

  #connect(ws: WebSocket, request: IncomingMessage, access: Access): void {
    const { rate } = this.#options;
    this.#heartbeat.track(ws);
    const received = new Bucket(rate, performance.now());
    ws.on('error', ignoreError);
    const held = this.#options.hold(request, access);
    if (held === null) return closeGracefully(ws, CLOSE.busy, 'too_many_requests');
    this.#accesses.set(ws, access);
    ws.on('close', () => {
      held.release();
      this.#accesses.delete(ws);
    });
    const connection = this.#options.connect(ws, access);
    if (connection === null) return;
    ws.on('message', (data, isBinary) => {
      this.#heartbeat.markAlive(ws);
      connection.message(isBinary ? null : decodeMessage(data));
      const waitMs = Math.max(received.charge(1, performance.now()), held.waitAfterMessage(byteLength(data)));
      if (waitMs > 0) pauseFor(ws, waitMs);
    });
    ws.on('close', (code, reason) => connection.closed(code, reason.toString()));
  }
}

/** Whether a request names a subprotocol; null = it names none. */
export function offersSubprotocol({ headers }: IncomingMessage, subprotocol: string): boolean | null {
  const offered = headers['sec-websocket-protocol'];
  return offered === undefined ? null : offered.split(',').some((name) => name.trim() === subprotocol);
}

/** Answers over plain HTTP, as the socket is not upgraded yet. */
export function refuseUpgrade(socket: Duplex, thrown: unknown, cookies: readonly string[] = []): void {
  const error = toSluiceError(thrown);
  const body = JSON.stringify(problemOf(error));
  const headers = {
    ...problemHeaders(error),
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = [...Object.entries(headers), ...cookies.map((line) => ['set-cookie', line] as const)].map(
    ([name, value]) => `${name}: ${value}\r\n`,
  );
  socket.on('error', ignoreError);
  socket.end(`HTTP/1.1 ${error.status} ${error.code}\r\n${lines.join('')}\r\n${body}`, () =>
    socket.destroy(),
  );
}
