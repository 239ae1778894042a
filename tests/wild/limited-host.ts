/** A server that serves so many connections at a time, and refuses each further one in its own way. */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { response } from './origin.ts';

export interface LimitedHost {
  url: string;
  limit: number;
  /** The most connections that were served at a time. */
  most: number;
  refusals: number;
  /** Ranges that were served from another byte than 0. */
  tails: number;
  close(): Promise<void>;
}

/** How a connection too many is refused: a response; or it is reset or closed, at once or when it has asked. */
export type Refuse = `HTTP/1.1 ${string}` | 'reset' | 'close' | 'reset when asked';

export interface LimitedHostOptions {
  limit: number;
  refuse: Refuse;
  bytes: number;
  bytesPerMs: number;
  /** Paths that are always refused so. */
  broken?: string;
  /** ms for which a connection counts after its end; absent = 0. */
  lingerMs?: number;
}

const PAGE = 'Content-Type: text/html\r\nConnection: close';

const TICK_MS = 10;

export async function startLimitedHost(options: LimitedHostOptions): Promise<LimitedHost> {
  const { refuse, bytes, bytesPerMs, broken, lingerMs = 0 } = options;
  const body = Buffer.alloc(bytes, 'limited ');
  const sockets = new Set<Socket>();
  let open = 0;
  const refuseNow = (socket: Socket): void => {
    host.refusals++;
    if (refuse === 'close') socket.end();
    else if (refuse.startsWith('reset')) socket.resetAndDestroy();
    else socket.end(response(refuse, 'too many'));
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const isOneTooMany = open >= host.limit;
    if (!isOneTooMany) host.most = Math.max(host.most, ++open);
    let timer: NodeJS.Timeout | undefined;
    socket.on('close', () => {
      clearInterval(timer);
      sockets.delete(socket);
      if (isOneTooMany) return;
      if (lingerMs === 0) open--;
      else setTimeout(() => open--, lingerMs).unref();
    });
    if (isOneTooMany && (refuse === 'reset' || refuse === 'close')) return refuseNow(socket);
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      if (text.startsWith('GET /too-many.html '))
        return void socket.end(response(PAGE, '<title>Too many connections</title>'));
      if (isOneTooMany || (broken !== undefined && text.startsWith(`GET ${broken} `)))
        return refuseNow(socket);
      const [, from = '0', to = ''] = /range: bytes=(\d+)-(\d*)/i.exec(text) ?? [];
      text = '';
      const [start, end] = [Number(from), to === '' ? bytes : Number(to) + 1];
      if (start > 0) host.tails++;
      socket.write(
        `HTTP/1.1 206 Partial Content\r\nContent-Type: application/zip\r\nETag: "one"\r\n` +
          `Content-Range: bytes ${start}-${end - 1}/${bytes}\r\nContent-Length: ${end - start}\r\n\r\n`,
      );
      let at = start;
      timer = setInterval(() => {
        if (socket.writableNeedDrain) return;
        const next = Math.min(end, at + bytesPerMs * TICK_MS);
        socket.write(body.subarray(at, next));
        at = next;
        if (at < end) return;
        clearInterval(timer);
      }, TICK_MS);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host: LimitedHost = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    limit: options.limit,
    most: 0,
    refusals: 0,
    tails: 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return host;
}
