/**
 * A child process: a visitor with a list, who adds a download every 20 ms. argv: the server's address, its own. On a number
 * it does so for that many ms, and sends how long each acknowledgement took.
 */
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { type ServerMessage, SUBPROTOCOL } from '#lib/protocol/channel.ts';
import { Stranger } from '../../tests/edge/stranger.ts';

const EVERY_MS = 20;
/** An acknowledgement that takes longer counts as this. */
const LOST_MS = 10_000;

const [url = '', address = ''] = process.argv.slice(2);
const token = await new Stranger(url, address).session();
const ws = new WebSocket(`${url.replace('http', 'ws')}/api/channel`, SUBPROTOCOL, {
  localAddress: address,
  headers: { authorization: `Bearer ${token}` },
});
const sentAt = new Map<string, number>();
let tookMs: number[] = [];
let next = 0;

ws.on('message', (data: Buffer) => {
  const message = JSON.parse(data.toString()) as ServerMessage;
  if (message.type !== 'ack' && message.type !== 'reject') return;
  const at = sentAt.get(message.id);
  if (message.type === 'reject') throw new Error(message.error.code);
  if (at !== undefined) tookMs.push(performance.now() - at);
  sentAt.delete(message.id);
});
await once(ws, 'open');
ws.send('{"type":"hello"}');

process.on('disconnect', () => process.exit());
process.on('message', (forMs: number) => void measure(forMs));
process.send?.('ready');

async function measure(forMs: number): Promise<void> {
  tookMs = [];
  const end = performance.now() + forMs;
  for (let at = performance.now(); at < end; at += EVERY_MS) {
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, at - performance.now())));
    const id = `c${next++}`;
    sentAt.set(id, performance.now());
    ws.send(JSON.stringify({ type: 'command', id, name: 'add', url: `http://example.com/${id}` }));
  }
  const lostAt = performance.now() + LOST_MS;
  while (sentAt.size > 0 && performance.now() < lostAt)
    await new Promise((resolve) => setTimeout(resolve, 5));
  for (const _ of sentAt) tookMs.push(LOST_MS);
  sentAt.clear();
  process.send?.(tookMs);
}
