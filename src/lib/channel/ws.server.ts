/** Shared by the WebSocket endpoints. */
import type { WebSocket } from 'ws';
import type { WireSocket } from '../actors/durable/types.ts';
import { CLOSE } from '../protocol/channel.ts';

/** A socket that has not answered a ping by the next one is terminated. */
const HEARTBEAT_MS = 30_000;
/** A closing handshake that takes longer is cut short. */
const CLOSE_GRACE_MS = 2000;
/** Unsent bytes past which a slow reader is disconnected: replies have no other bound. */
export const MAX_UNSENT_BYTES = 1024 * 1024;

/** Terminates sockets whose other end is gone without closing. */
export class Heartbeat {
  readonly #clients: ReadonlySet<WebSocket>;
  readonly #alive = new WeakSet<WebSocket>();
  readonly #timer: NodeJS.Timeout;

  /** @param onBeat called each time before the sockets are checked */
  constructor(clients: ReadonlySet<WebSocket>, heartbeatMs = HEARTBEAT_MS, onBeat = (): void => {}) {
    this.#clients = clients;
    this.#timer = setInterval(() => {
      onBeat();
      this.#pingAll();
    }, heartbeatMs).unref();
  }

  markAlive(ws: WebSocket): void {
    this.#alive.add(ws);
  }

  /** Call once for each new socket. */
  track(ws: WebSocket): void {
    this.markAlive(ws);
    ws.on('pong', () => this.markAlive(ws));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #pingAll(): void {
    for (const ws of this.#clients) {
      if (!this.#alive.delete(ws)) ws.terminate();
      else ws.ping();
    }
  }
}

/** Sends a close frame, and terminates the socket if it stays open: the other end may not be reading. */
export function closeGracefully(ws: WebSocket, code = 1000, reason = ''): void {
  if (ws.readyState === ws.CLOSED) return;
  ws.close(code, reason);
  const timer = setTimeout(() => ws.terminate(), CLOSE_GRACE_MS).unref();
  ws.once('close', () => clearTimeout(timer));
}

export function byteLength(data: Buffer | ArrayBuffer | Buffer[]): number {
  return Array.isArray(data) ? data.reduce((sum, { length }) => sum + length, 0) : data.byteLength;
}

export function decodeMessage(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}

/** The socket as its session sees it. A client that does not read is disconnected before its backlog fills memory. */
export function toWireSocket(ws: WebSocket): WireSocket {
  return {
    get bufferedAmount() {
      return ws.bufferedAmount;
    },
    send(message) {
      if (ws.readyState !== ws.OPEN) return;
      if (ws.bufferedAmount > MAX_UNSENT_BYTES) closeGracefully(ws, CLOSE.tooSlow, 'too slow');
      else ws.send(message);
    },
    close: (code, reason) => closeGracefully(ws, code, reason),
  };
}

/** Stops reading for a while: TCP backpressure holds the sender's bytes on its side. */
export function pauseFor(ws: WebSocket, ms: number): void {
  if (ws.isPaused) return;
  ws.pause();
  setTimeout(() => ws.resume(), ms).unref();
}

/** For `error` events: always followed by `close`, and an unhandled one would end the process. */
export function ignoreError(): void {}
