/**
 * One listener for every address: the strangers' site on public ones, the canary on all others. The canary answers as a
 * site would, so that whatever gets through goes on, and keeps each connection with the bytes that arrived.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { mustNotBeReached } from './private.ts';

/** Web, and what else is found in a household or a cloud. */
const WEB_PORTS = [80, 8080];
const OTHER_PORTS = [22, 25, 443, 2375, 5432, 6379, 9200, 11_211];

export interface Reply {
  status?: number;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** The connection is closed after the body, whatever was announced. */
  breaksOff?: boolean;
}
/** @param rest of the path, below the job's folder */
export type Site = (rest: string, request: IncomingMessage) => Reply;

export interface Hit {
  /** The address and port that were dialled. */
  at: string;
  /** Of its requests, each followed by a blank; '' = no head arrived. */
  path: string;
  bytes: number;
}

export interface Origin {
  /** By job. */
  sites: Map<string, Site>;
  /** What reached addresses that must not be reached, in order. */
  hits: Hit[];
  /** Paths that were asked for on the site. */
  asked: string[];
  close(): Promise<void>;
}

/** A frame of a transport stream is enough to look like media. */
export const MEDIA = Buffer.concat(
  Array.from({ length: 40 }, () => Buffer.concat([Buffer.from([0x47, 0x40, 0x00, 0x10]), Buffer.alloc(184)])),
);

export async function startOrigin(): Promise<Origin> {
  const sites = new Map<string, Site>();
  const hits: Hit[] = [];
  const asked: string[] = [];
  const open = new Set<Socket>();
  const hitOf = new WeakMap<Socket, Hit>();

  function accept(socket: Socket): void {
    open.add(socket);
    socket.on('error', () => undefined);
    const { localAddress = '', localPort } = socket;
    const isHit = mustNotBeReached(localAddress);
    if (isHit) {
      const hit = { at: `${localAddress} ${localPort}`, path: '', bytes: 0 };
      hits.push(hit);
      hitOf.set(socket, hit);
    }
    socket.once('close', () => {
      open.delete(socket);
      const hit = hitOf.get(socket);
      if (hit !== undefined) hit.bytes = socket.bytesRead;
    });
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    const hit = hitOf.get(request.socket);
    if (hit !== undefined) hit.path += `${path} `;
    else asked.push(path);
    const [, job = '', rest = ''] = /^\/j\/([^/]+)\/(.*)$/s.exec(path) ?? [];
    const site = hit === undefined ? sites.get(job) : undefined;
    const reply = site?.(rest, request) ?? { headers: { 'content-type': 'video/mp2t' }, body: MEDIA };
    const body = reply.body ?? '';
    response.writeHead(reply.status ?? 200, {
      'content-length': Buffer.byteLength(body),
      ...asSent(reply.headers ?? {}),
    });
    if (reply.breaksOff) response.write(body, () => request.socket.end());
    else response.end(request.method === 'HEAD' ? undefined : body);
  }

  const servers = [
    ...WEB_PORTS.map((port) => createServer(answer).on('connection', accept).listen(port, '::')),
    ...OTHER_PORTS.map((port) =>
      createTcpServer((socket) => {
        accept(socket);
        socket.resume();
      }).listen(port, '::'),
    ),
  ];
  await Promise.all(servers.map((server) => new Promise((resolve) => server.once('listening', resolve))));
  return {
    ...{ sites, hits, asked },
    async close() {
      const closed = servers.map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of open) socket.destroy();
      await Promise.all(closed);
    },
  };
}

/** In UTF-8, as servers send them, and without what no head can hold. */
function asSent(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      // eslint-disable-next-line no-control-regex
      Buffer.from(value.replace(/[\0-\x08\n-\x1f\x7f]/g, '')).toString('latin1'),
    ]),
  );
}
