/** A client's socket, like the page's. */
import { WebSocket } from 'ws';
import { type ServerMessage, type Snapshot, SUBPROTOCOL } from '../../src/lib/protocol/channel.ts';
import { settles } from '../../tests/support/wait.ts';

export interface Reader {
  snapshot: Snapshot;
  /** The time of the frame. */
  snapshotBytes: number;
  close(): void;
}

export async function openReader(
  url: string,
  token: string,
  onMessage: (message: ServerMessage) => void = () => undefined,
): Promise<Reader> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/channel`, SUBPROTOCOL, {
    headers: { authorization: `Bearer ${token}` },
  });
  const first = new Promise<Reader>((resolve, reject) => {
    socket.on('error', reject);
    socket.on('open', () => socket.send(JSON.stringify({ type: 'hello' })));
    socket.on('message', (data: Buffer) => {
      const message = JSON.parse(data.toString()) as ServerMessage;
      if (message.type === 'snapshot') {
        resolve({ snapshot: message, snapshotBytes: data.length, close: () => socket.terminate() });
      }
      onMessage(message);
    });
  });
  return settles(first, { what: 'the snapshot' });
}

export async function snapshotBytes(url: string, token: string): Promise<number> {
  const reader = await openReader(url, token);
  reader.close();
  return reader.snapshotBytes;
}
