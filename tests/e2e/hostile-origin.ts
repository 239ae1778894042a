/** A server with responses that are slow to parse: pages, playlists and heads, by path. */
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { contentPieces } from '../site/content.ts';
import { repeated } from '../support/scaling.ts';

const MIB = 1024 * 1024;
export const FILE_BYTES = 9 * MIB;
export const FILE_SEED = 77;

/** The body for each path. */
const TEXTS: Record<string, { type: string; text: () => string }> = {
  // 60 kB took 47 s, 120 kB took 4
  '/commas.m3u8': {
    type: 'application/vnd.apple.mpegurl',
    text: () => list(`${repeated(',', 60_000)}\na\n`),
  },
  '/commas-4-mib.m3u8': { type: 'application/vnd.apple.mpegurl', text: () => list(repeated(',', 4 * MIB)) },
  '/quotes.m3u8': {
    type: 'application/vnd.apple.mpegurl',
    text: () => list(`A=${repeated('"', 4 * MIB)}\na\n`),
  },
  '/renditions.m3u8': {
    type: 'application/vnd.apple.mpegurl',
    text: () =>
      `#EXTM3U\n${repeated('#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="g",NAME="\u0001",URI="u"\n', 2 * MIB)}${repeated('#EXT-X-STREAM-INF:AUDIO="g"\na\u0001\n', 2 * MIB)}`,
  },
  '/fragments.m3u8': {
    type: 'application/vnd.apple.mpegurl',
    text: () => `#EXTM3U\n${repeated('#EXTINF:1,\na\n', 15 * MIB)}`,
  },
  '/open-tags': { type: 'text/html', text: () => repeated('<b>', 120_000) },
  '/open-tags-4-mib': {
    type: 'text/html',
    text: () => repeated('<b\u0001>', 2 * MIB) + repeated('</i>', MIB),
  },
  '/empty-objects': {
    type: 'text/html',
    text: () => `<script type="application/ld+json">[${repeated('{},', 3 * MIB)}{}]</script>`,
  },
};

function list(attributes: string): string {
  return `#EXTM3U\n#EXT-X-STREAM-INF:${attributes}`;
}

export interface HostileOrigin {
  url: string;
  /** Paths of one kind that can be looked up. */
  paths: (suffix: string) => string[];
  close(): Promise<void>;
}

export async function startHostileOrigin(): Promise<HostileOrigin> {
  // Generated in advance, as that takes long.
  const bodies = new Map(Object.entries(TEXTS).map(([path, { text }]) => [path, Buffer.from(text())]));
  const sockets = new Set<Socket>();
  /** Requests for a file: the second one comes from the fast path. */
  const asked = new Map<string, number>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let head = '';
    socket.on('data', (chunk) => {
      head += chunk.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      const path = /^GET (\S+)/.exec(head)?.[1] ?? '/';
      head = '';
      const [text, body] = [TEXTS[path], bodies.get(path)];
      if (text && body) return sendText(socket, text.type, body);
      if (!path.endsWith('.bin'))
        return void socket.end('HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n');
      const count = (asked.get(path) ?? 0) + 1;
      asked.set(path, count);
      if (count === 1) return sendFile(socket);
      if (path === '/blanks.bin') sendBlanks(socket);
      else drip(socket);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    paths: (suffix) => Object.keys(TEXTS).filter((path) => path.endsWith('.m3u8') === (suffix === '.m3u8')),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function sendText(socket: Socket, type: string, bytes: Buffer): void {
  socket.write(
    `HTTP/1.1 200 OK\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\nConnection: close\r\n\r\n`,
  );
  socket.end(bytes);
}

/** Large enough for a second connection, whose heads are parsed by Sluice itself. */
function sendFile(socket: Socket): void {
  socket.write(
    [
      'HTTP/1.1 206 Partial Content',
      'Content-Type: application/octet-stream',
      `Content-Length: ${FILE_BYTES}`,
      `Content-Range: bytes 0-${FILE_BYTES - 1}/${FILE_BYTES}`,
      'ETag: "one"',
      'Connection: close',
      '\r\n',
    ].join('\r\n'),
  );
  for (const piece of contentPieces(FILE_SEED, 0, FILE_BYTES)) socket.write(piece);
  socket.end();
}

function sendBlanks(socket: Socket): void {
  socket.write(`HTTP/1.1 206 Partial Content\r\nx:${' '.repeat(15_000)}\0\r\n\r\n`);
}

/** A head that never ends, a byte at a time. */
function drip(socket: Socket): void {
  socket.setNoDelay(true);
  socket.write('HTTP/1.1 206 Partial Content\r\nx:');
  const timer = setInterval(() => socket.write(' '), 1);
  socket.on('close', () => clearInterval(timer));
}
