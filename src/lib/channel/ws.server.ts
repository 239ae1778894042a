/** What every WebSocket endpoint of ours does alike. */
import type { WebSocket } from 'ws';
import type { WireSocket } from '../actors/durable/types.ts';
import { CLOSE } from '../protocol/channel.ts';

/** A socket that has not answered a ping by the next one is dead. Source: design, facts about ws. */
const HEARTBEAT_MS = 30_000;
/** A closing handshake that takes longer is not waited for. */
const CLOSE_GRACE_MS = 2000;
/** Unsent bytes at which a reader is cut off, whatever they are: replies have no other bound. Source: design. */
export const TOO_SLOW_BYTES = 1024 * 1024;

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

/** The socket as who talks to it sees it. One that does not read is closed before its backlog eats our memory. */
export function wireOf(ws: WebSocket): WireSocket {
  return {
    get bufferedAmount() {
      return ws.bufferedAmount;
    },
    send(message) {
      if (ws.readyState !== ws.OPEN) return;
      if (ws.bufferedAmount > TOO_SLOW_BYTES) closeSoon(ws, CLOSE.tooSlow, 'too slow');
      else ws.send(message);
    },
    close: (code, reason) => closeSoon(ws, code, reason),
  };
}

/** Backpressure on the sender: its bytes wait in its own buffers. */
export function pauseFor(ws: WebSocket, ms: number): void {
  if (ws.isPaused) return;
  ws.pause();
  setTimeout(() => ws.resume(), ms).unref();
}
