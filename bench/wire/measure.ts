/** One download, followed by a client over a real WebSocket while the disk is observed too. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { type Change, type ServerMessage, SUBPROTOCOL } from '#lib/protocol/channel.ts';
import type { TestServer } from '../../tests/support/server.ts';
import { settles } from '../../tests/support/wait.ts';
import { bytesOnDisk, type Point, quantile, staleness } from './observe.ts';
import type { Source } from '../../tests/site/smooth-source.ts';

export interface WireFigures {
  engine: string;
  bytes: number;
  seconds: number;
  updates: number;
  updatesPerSecond: number;
  payloadBytesMedian: number;
  payloadBytesP95: number;
  stalenessMsMedian: number;
  stalenessMsP95: number;
  /** From the moment all bytes were on the disk to the update `complete`. */
  completeDelayMs: number;
  sha256Right: boolean;
}

const POLL_MS = 5;

export async function measureWire(
  server: TestServer,
  source: Source,
  { engine, bytes, deadlineMs }: { engine: string; bytes: number; deadlineMs: number },
): Promise<WireFigures> {
  const session = await server.session();
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/api/channel`, SUBPROTOCOL, {
    headers: { authorization: `Bearer ${session.token}` },
  });
  await settles(new Promise((resolve) => socket.once('open', resolve)), { what: 'the socket to open' });
  socket.send(JSON.stringify({ type: 'hello' }));

  const shown: Point[] = [];
  const disk: Point[] = [];
  const payloads: number[] = [];
  let id = '';
  let wholeAtMs: number | null = null;

  const completed = new Promise<{ atMs: number; name: string }>((resolve, reject) => {
    let name = '';
    socket.on('error', reject);
    socket.on('message', (data: Buffer) => {
      const atMs = performance.now();
      const message = JSON.parse(data.toString()) as ServerMessage;
      if (message.type === 'ack' && message.id === 'wire') id = (message.result as { id: string }).id;
      if (message.type !== 'update') return;
      const change: Partial<Extract<Change, { url?: string }>> | undefined = message.changes.find(
        (candidate) => candidate.id === id,
      );
      if (!change) return;
      if (change.file) name = change.file.name;
      if (change.receivedBytes !== undefined && change.receivedBytes > 0) {
        shown.push({ atMs, bytes: change.receivedBytes });
        if (change.state === undefined) payloads.push(data.length);
      }
      if (change.state === 'complete') resolve({ atMs, name });
      if (change.state === 'error') reject(new Error(JSON.stringify(change.error)));
    });
  });
  const add = { type: 'command', id: 'wire', name: 'add', url: source.url, engine };
  socket.send(JSON.stringify(add));

  let watching = true;
  const watch = async (): Promise<void> => {
    while (watching) {
      if (id !== '') {
        const held = await bytesOnDisk(join(server.place.downloadDir, '.sluice', id));
        const atMs = performance.now();
        // The work dir also holds metadata such as the segment map: complete when the total covers the media.
        if (held >= bytes) wholeAtMs ??= atMs;
        if (held > 0) disk.push({ atMs, bytes: Math.min(held, bytes) });
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  };
  const watched = watch();
  try {
    const { atMs, name } = await settles(completed, { deadlineMs, what: `the ${engine} download` });
    watching = false;
    await watched;
    const path = join(server.place.downloadDir, name);
    if (wholeAtMs === null) throw new Error(`never saw ${bytes} bytes on the disk`);
    if ((await stat(path)).size !== bytes) throw new Error('the finished file has another size');
    const seconds = ((shown.at(-1)?.atMs ?? 0) - (shown[0]?.atMs ?? 0)) / 1000;
    const ages = staleness(disk, shown.slice(0, -1));
    return {
      engine,
      bytes,
      seconds,
      updates: shown.length,
      updatesPerSecond: (shown.length - 1) / seconds,
      payloadBytesMedian: quantile(payloads, 0.5),
      payloadBytesP95: quantile(payloads, 0.95),
      stalenessMsMedian: quantile(ages, 0.5),
      stalenessMsP95: quantile(ages, 0.95),
      completeDelayMs: atMs - wholeAtMs,
      sha256Right:
        createHash('sha256')
          .update(await readFile(path))
          .digest('hex') === source.sha256,
    };
  } finally {
    watching = false;
    socket.terminate();
  }
}
