/** Sessions with open pages: each adds its downloads, receives updates, and sends a liveness check now and then. */
import { WebSocket } from 'ws';
import { type ServerMessage, SUBPROTOCOL } from '#lib/protocol/channel.ts';
import type { TestServer } from '../../tests/support/server.ts';
import { settles, waitFor } from '../../tests/support/wait.ts';
import type { SlowSource } from './source.ts';

/** Rarely: a check is a turn and two frames, all of which are observed. Five a second of each user were half of all observations. */
const ASK_MS = 1_000;

export interface Users {
  /** Resolves when every download has progress. */
  moving(): Promise<void>;
  /** Resets the counters. */
  reset(): void;
  /** Rows in updates since `reset`. */
  updates: number;
  /** ms from a liveness check to its answer (a turn of the session), since `reset`. */
  lagsMs: number[];
  close(): void;
}

export async function openUsers(
  server: TestServer,
  source: SlowSource,
  { sessions, downloads }: { sessions: number; downloads: number },
): Promise<Users> {
  const moved = new Set<string>();
  const sockets: WebSocket[] = [];
  const timers: NodeJS.Timeout[] = [];
  const users: Users = {
    moving: async () => {
      await waitFor(() => moved.size === sessions * downloads, {
        what: `all downloads to move (${moved.size} do)`,
        deadlineMs: 60_000,
      });
    },
    reset() {
      users.updates = 0;
      users.lagsMs = [];
    },
    updates: 0,
    lagsMs: [],
    close() {
      for (const timer of timers) clearInterval(timer);
      for (const socket of sockets) socket.terminate();
    },
  };
  for (let session = 0; session < sessions; session++) {
    const api = await server.session();
    const address = `${server.url.replace(/^http/, 'ws')}/api/channel`;
    const socket = new WebSocket(address, [SUBPROTOCOL], {
      headers: { authorization: `Bearer ${api.token}` },
    });
    sockets.push(socket);
    let epoch = '';
    let seq = 0;
    let askedAt: number | null = null;
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as ServerMessage;
      if (message.type === 'snapshot') ({ epoch, seq } = message);
      if (message.type !== 'update') return;
      seq = message.seq;
      users.updates += message.changes.length;
      for (const change of message.changes) {
        if ('receivedBytes' in change && (change.receivedBytes ?? 0) > 0) moved.add(change.id);
      }
      // The first message after the check: its answer, or an update of the same turn.
      if (askedAt === null || message.changes.length > 0) return;
      users.lagsMs.push(performance.now() - askedAt);
      askedAt = null;
    });
    await settles(new Promise((resolve) => socket.once('open', resolve)), { what: 'a socket to open' });
    socket.send(JSON.stringify({ type: 'hello' }));
    for (let k = 0; k < downloads; k++)
      await api.add({ url: source.url(`s${session}-${k}`), engine: 'http' });
    timers.push(
      setInterval(() => {
        if (askedAt !== null || epoch === '') return;
        askedAt = performance.now();
        socket.send(JSON.stringify({ type: 'hello', epoch, seq }));
      }, ASK_MS),
    );
  }
  return users;
}
