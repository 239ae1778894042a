/** What every WebSocket endpoint of ours does alike. */
import type { WebSocket } from 'ws';

/** A socket that has not answered a ping by the next one is dead. Source: design, facts about ws. */
const HEARTBEAT_MS = 30_000;
/** A closing handshake that takes longer is not waited for. */
const CLOSE_GRACE_MS = 2000;

/** Ends sockets whose other end is gone without a word. */
export class Heartbeat {
  readonly #clients: ReadonlySet<WebSocket>;
  readonly #alive = new WeakSet<WebSocket>();
  readonly #timer: NodeJS.Timeout;

  constructor(clients: ReadonlySet<WebSocket>, heartbeatMs = HEARTBEAT_MS) {
    this.#clients = clients;
    this.#timer = setInterval(() => this.#beat(), heartbeatMs).unref();
  }

  /** A sign of life: a message, or the socket itself when it is new. */
  alive(ws: WebSocket): void {
    this.#alive.add(ws);
  }

  /** To be called once for each socket. */
  listen(ws: WebSocket): void {
    this.alive(ws);
    ws.on('pong', () => this.alive(ws));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    for (const ws of this.#clients) {
      if (!this.#alive.delete(ws)) ws.terminate();
      else ws.ping();
    }
  }
}

/** A polite close, then none: the frame may never get through to who does not read. */
export function closeSoon(ws: WebSocket, code = 1000, reason = ''): void {
  if (ws.readyState === ws.CLOSED) return;
  ws.close(code, reason);
  const timer = setTimeout(() => ws.terminate(), CLOSE_GRACE_MS).unref();
  ws.once('close', () => clearTimeout(timer));
}

export function textOf(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}
