import type { IncomingMessage } from 'node:http';
import { type AddressInfo } from 'node:net';
import { type WebSocket as ServerSocket, WebSocketServer } from 'ws';
import {
  type Channel,
  type ChannelOptions,
  type ChannelState,
  createChannel,
} from '#lib/channel/client/channel.ts';
import type { ClientClock } from '#lib/channel/client/clock.ts';
import type { ServerMessage, Snapshot, Update } from '#lib/protocol/channel.ts';
import { waitFor } from '../../support/wait.ts';

/** A clock that only tests advance. */
export class ManualClock implements ClientClock {
  #now = 1_000_000;
  #timers = new Map<symbol, { at: number; action: () => void }>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, action: () => void): () => void {
    const key = Symbol();
    this.#timers.set(key, { at: this.#now + delayMs, action });
    return () => this.#timers.delete(key);
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = [...this.#timers].filter(([, t]) => t.at <= end).sort(([, a], [, b]) => a.at - b.at)[0];
      if (next === undefined) break;
      const [key, timer] = next;
      this.#timers.delete(key);
      this.#now = timer.at;
      timer.action();
    }
    this.#now = end;
  }
}

export interface Connection {
  socket: ServerSocket;
  /** Everything that the client sent on it, parsed. */
  received: Record<string, unknown>[];
  protocol: string;
  send(message: ServerMessage): void;
}

/** A real WebSocket server that sends only what a test makes it send. */
export class ScriptedServer {
  readonly #server: WebSocketServer;
  readonly connections: Connection[] = [];
  onConnection: (connection: Connection) => void = () => {};
  onMessage: (connection: Connection, message: Record<string, unknown>) => void = () => {};
  refuseUpgrades = false;
  #channels: Channel[] = [];

  private constructor() {
    this.#server = new WebSocketServer({
      host: '127.0.0.1',
      port: 0,
      verifyClient: (_info: { req: IncomingMessage }, done: (ok: boolean, code?: number) => void) =>
        this.refuseUpgrades ? done(false, 401) : done(true),
    });
    this.#server.on('connection', (socket) => {
      const connection: Connection = {
        socket,
        received: [],
        protocol: socket.protocol,
        send: (message) => socket.send(JSON.stringify(message)),
      };
      this.connections.push(connection);
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as Record<string, unknown>;
        connection.received.push(message);
        this.onMessage(connection, message);
      });
      this.onConnection(connection);
    });
  }

  static async open(): Promise<ScriptedServer> {
    const server = new ScriptedServer();
    await waitFor(() => server.#server.address(), { what: 'the server to listen' });
    return server;
  }

  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}/api/channel`;
  }

  /** A channel to this server, with the messages and states that it reported. */
  channel(options: Partial<ChannelOptions> = {}) {
    const messages: (Snapshot | Update)[] = [];
    const states: ChannelState[] = [];
    const channel = createChannel({
      url: this.url,
      random: () => 0,
      onMessage: (message) => messages.push(message),
      onState: (state) => states.push(state),
      ...options,
    });
    this.#channels.push(channel);
    return { channel, messages, states };
  }

  async connection(index: number): Promise<Connection> {
    return waitFor(() => this.connections[index], { what: `connection ${index}` });
  }

  async close(): Promise<void> {
    for (const channel of this.#channels) channel.close();
    for (const { socket } of this.connections) socket.terminate();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export const NO_TOTALS = { active: 0, queued: 0, done: 0, failed: 0, bytesPerSecond: 0 };

export function snapshot(epoch: string, seq: number, active = 0): Snapshot {
  return { type: 'snapshot', epoch, seq, downloads: [], next: null, totals: { ...NO_TOTALS, active } };
}
