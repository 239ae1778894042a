/**
 * An origin on a plain socket that sends what a row says, byte for byte: heads that no HTTP library would send. Each
 * connection serves one request, unless the row keeps it.
 */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

export interface WildRequest {
  /** With the query, as sent. */
  path: string;
  /** Names in lower case. */
  headers: Map<string, string>;
  /** 1 for the first request of this path. */
  count: number;
}

/** The whole response as it goes over the wire, perhaps in pieces; null = the connection is reset. */
type Sent = Buffer | string | Buffer[] | null;
/** Pieces that are iterated come when they do, as long as the client is there. */
export type WildAnswer = (request: WildRequest) => Sent | Promise<Sent> | AsyncIterable<Buffer | string>;

export interface WildOrigin {
  /** `http://127.0.0.1:port` */
  url: string;
  /** Adds an address. A text is sent as UTF-8. */
  serve(path: string, answer: WildAnswer | Buffer | string): string;
  /** The requests for a path so far, without its query. */
  requestsFor(path: string): WildRequest[];
  /** Connections that are open. */
  openSockets(): number;
  close(): Promise<void>;
}

const NOT_FOUND = 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n';

/** A response with a length, unless `head` has a framing of its own. */
export function response(head: string | Buffer, body: string | Buffer = ''): Buffer {
  const [first, second] = [Buffer.from(head), Buffer.from(body)];
  const isFramed = /^(content-length|transfer-encoding)[ \t]*:/im.test(first.toString('latin1'));
  const lines = first.toString('latin1').startsWith('HTTP/') ? [] : [Buffer.from('HTTP/1.1 200 OK\r\n')];
  const length = isFramed ? '' : `Content-Length: ${second.length}\r\n`;
  return Buffer.concat([...lines, first, Buffer.from(`\r\n${length}\r\n`), second]);
}

export async function startWildOrigin(host = '127.0.0.1'): Promise<WildOrigin> {
  const answers = new Map<string, WildAnswer>();
  const requests: WildRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    let text = '';
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => {});
    socket.on('data', (chunk) => {
      // A TLS handshake, which no row serves.
      if (text === '' && chunk[0] === 0x16) return void socket.resetAndDestroy();
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end === -1) return;
      const request = requestOf(text.slice(0, end), requests);
      text = '';
      requests.push(request);
      void send(socket, (answers.get(pathOf(request)) ?? (() => NOT_FOUND))(request));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const url = `http://${host}:${(server.address() as AddressInfo).port}`;
  return {
    url,
    serve(path, answer) {
      answers.set(path, typeof answer === 'function' ? answer : () => answer);
      return url + path;
    },
    openSockets: () => sockets.size,
    requestsFor: (path) => requests.filter((request) => pathOf(request) === path),
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function send(socket: Socket, given: ReturnType<WildAnswer>): Promise<void> {
  if (given !== null && typeof given === 'object' && Symbol.asyncIterator in given) {
    for await (const piece of given) {
      if (socket.destroyed) return;
      if (!socket.write(piece))
        await Promise.race([once(socket, 'drain'), once(socket, 'close')]).catch(() => undefined);
    }
    return void socket.end();
  }
  const answer = await given;
  if (answer === null) socket.resetAndDestroy();
  else if (Array.isArray(answer)) await sendPieces(socket, answer);
  else socket.end(answer);
}

async function sendPieces(socket: Socket, pieces: readonly Buffer[]): Promise<void> {
  socket.setNoDelay(true);
  for (const piece of pieces) {
    socket.write(piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  socket.end();
}

function pathOf({ path }: WildRequest): string {
  return path.split('?', 1)[0] ?? '';
}

function requestOf(text: string, before: readonly WildRequest[]): WildRequest {
  const [first = '', ...lines] = text.split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
  const request = { path: first.split(' ')[1] ?? '', headers, count: 1 };
  const path = pathOf(request);
  return { ...request, count: 1 + before.filter((each) => pathOf(each) === path).length };
}
