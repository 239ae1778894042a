/**
 * An origin in a thread of its own, so that its CPU is not counted. `/CHUNK/TOTAL/name.ext` answers with TOTAL bytes in chunks
 * of CHUNK bytes; 0 = not chunked.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { parentPort } from 'node:worker_threads';

const TYPES: Record<string, string> = { html: 'text/html', m3u8: 'application/vnd.apple.mpegurl' };
const WRITE_BYTES = 64 * 1024;

async function answer(socket: Socket, head: string): Promise<void> {
  const [, chunk = '', total = '', name = ''] = /^GET \/(\d+)\/(\d+)\/(\S+)/.exec(head) ?? [];
  const [chunkBytes, totalBytes] = [Number(chunk), Number(total)];
  const type = TYPES[name.split('.')[1] ?? ''] ?? 'video/mp4';
  const framing = chunkBytes === 0 ? `Content-Length: ${total}` : 'Transfer-Encoding: chunked';
  socket.write(`HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\n${framing}\r\nConnection: close\r\n\r\n`);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  // A page has a tag at its start, and a video has none.
  const start = type === 'video/mp4' ? '\0\0\0\x18ft' : '<html>';
  socket.write(chunkBytes === 0 ? start : `6\r\n${start}\r\n`);
  const unitBytes = Math.max(1, chunkBytes);
  const unit = chunkBytes === 0 ? 'a' : `${chunkBytes.toString(16)}\r\n${'a'.repeat(chunkBytes)}\r\n`;
  for (let left = totalBytes - 6; left > 0 && !socket.destroyed;) {
    const units = Math.min(Math.ceil(WRITE_BYTES / unit.length), Math.ceil(left / unitBytes));
    left -= units * unitBytes;
    if (!socket.write(unit.repeat(units))) await Promise.race([once(socket, 'drain'), closed]);
  }
  socket.end(chunkBytes === 0 ? '' : '0\r\n\r\n');
}

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.once('data', (head) => void answer(socket, head.toString()).catch(() => socket.destroy()));
}).listen(0, '127.0.0.1', () => parentPort?.postMessage((server.address() as AddressInfo).port));
