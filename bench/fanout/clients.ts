/**
 * A child process with many readers. argv: the server's address. On a ReadersPlan it opens the sockets and adds the
 * downloads; from "count" to "stop" it records what it receives, and then sends a ClientReport.
 */
import { WebSocket } from 'ws';
import { type ServerMessage, SUBPROTOCOL } from '../../src/lib/protocol/channel.ts';

export interface ReadersPlan {
  url: string;
  /** The number of sockets of each session; the first one adds the download. */
  readers: { token: string; sockets: number; download: string }[];
}

/** What the clients received. */
export interface ClientReport {
  frames: number;
  bytes: number;
  /** [download's address, received bytes in the update, when (ms since 1970)] */
  progress: [url: string, bytes: number, atMs: number][];
}

/** Sockets opened at once: the backlog of a listening socket is 511. */
const OPENED_TOGETHER = 100;

const now = (): number => performance.timeOrigin + performance.now();
let heard: ClientReport | null = null;

function open(
  { url }: ReadersPlan,
  { token, download }: ReadersPlan['readers'][number],
  isFirst: boolean,
): Promise<void> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/api/channel`, SUBPROTOCOL, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  });
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('close', (code) => reject(new Error(`a reader was closed with ${code}`)));
    socket.on('open', () => {
      socket.send(JSON.stringify({ type: 'hello' }));
      if (!isFirst) return;
      const add = { type: 'command', id: 'add', name: 'add', url: download, engine: 'http' };
      socket.send(JSON.stringify(add));
    });
    socket.on('message', (data: Buffer) => {
      if (heard !== null) {
        heard.frames++;
        heard.bytes += data.length;
      }
      const message = JSON.parse(data.toString()) as ServerMessage;
      if (message.type !== 'update') return;
      const [change] = message.changes;
      if (change === undefined || !('receivedBytes' in change)) return;
      const bytes = change.receivedBytes ?? 0;
      if (bytes === 0) return;
      resolve();
      heard?.progress.push([download, bytes, now()]);
    });
  });
}

async function begin(watch: ReadersPlan): Promise<void> {
  const sockets = watch.readers.flatMap((reader) =>
    Array.from({ length: reader.sockets }, (_, index) => ({ reader, isFirst: index === 0 })),
  );
  const moving: Promise<void>[] = [];
  for (const [index, { reader, isFirst }] of sockets.entries()) {
    moving.push(open(watch, reader, isFirst));
    if (index % OPENED_TOGETHER === OPENED_TOGETHER - 1) await Promise.all(moving);
  }
  await Promise.all(moving);
  process.send?.('all move');
}

process.on('message', (message: ReadersPlan | 'count' | 'stop') => {
  if (message === 'count') heard = { frames: 0, bytes: 0, progress: [] };
  else if (message === 'stop') process.send?.(heard ?? { frames: 0, bytes: 0, progress: [] });
  else void begin(message);
});
process.on('disconnect', () => process.exit());
