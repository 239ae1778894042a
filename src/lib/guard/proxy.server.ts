/**
 * A forward proxy on the guard, for engines that dial on their own: plain requests in absolute form, and CONNECT; and
 * for those that only ask where they may dial, `GET /resolve/host:port`. It listens on loopback, asks for a secret of
 * this start, and remembers for each job whether one of its requests was refused, so that the engine's failure can be
 * told by its true name.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { SluiceError, toSluiceError } from '../protocol/error.ts';
import { checkUrl } from '../protocol/url.ts';
import { unbracket } from './address.ts';
import type { Guard } from './guard.server.ts';
import {
  parseAuthority,
  forwardedHeaders,
  parseProxyAuthorization,
  PASSWORD_BYTES,
  encodeJobId,
} from './proxy-head.ts';
import { portOf } from './policy.ts';

const RESOLVE = /^\/resolve\/([^/?#]+)$/;

export interface GuardProxy {
  /** Proxy address for one job, with its credentials: `http://user:password@127.0.0.1:port`. */
  urlFor(jobId: string): string;
  /** The host that this job was refused, null when none was. */
  refused(jobId: string): string | null;
  /** Ends the job's open connections and forgets what it was refused. */
  forget(jobId: string): void;
  close(): Promise<void>;
}

export async function startProxy({ guard }: { guard: Guard }): Promise<GuardProxy> {
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  const refusals = new Map<string, string>();
  const sockets = new Map<Duplex, string>();
  const server: Server = createServer({ keepAliveTimeout: 0 });

  function authorised(req: IncomingMessage): string | null {
    const claim = parseProxyAuthorization(req.headers['proxy-authorization']);
    if (claim === null || claim.password.length !== password.length) return null;
    const same = timingSafeEqual(Buffer.from(claim.password.padEnd(64)), Buffer.from(password.padEnd(64)));
    return same ? claim.jobId : null;
  }

  function note(jobId: string, host: string, error: SluiceError): void {
    if (error.code === 'address_refused') refusals.set(jobId, host);
  }

  function own(socket: Duplex, jobId: string): void {
    sockets.set(socket, jobId);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  }

  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    const jobId = authorised(req);
    if (jobId === null) {
      res.writeHead(407, { 'Proxy-Authenticate': 'Basic realm="sluice"', Connection: 'close' }).end();
      return;
    }
    if (!sockets.has(req.socket)) own(req.socket, jobId);
    const asked = RESOLVE.exec(req.url ?? '')?.[1];
    void (asked === undefined ? forward(req, res, jobId) : answer(asked, res, jobId));
  });

  /** The addresses of `host:port` (percent-encoded) that may be dialled, a line each. */
  async function answer(encoded: string, res: ServerResponse, jobId: string): Promise<void> {
    let host = encoded;
    try {
      const target = parseAuthority(decodeURIComponent(encoded));
      if (target === null) throw new SluiceError('invalid_url');
      host = unbracket(target.host);
      const addresses = await guard.resolve(host, target.port);
      res.writeHead(200, { 'Content-Type': 'text/plain', Connection: 'close' }).end(addresses.join('\n'));
    } catch (thrown) {
      refuse(res, jobId, host, toSluiceError(thrown));
    }
  }

  function refuse(res: ServerResponse, jobId: string, host: string, error: SluiceError): void {
    note(jobId, host, error);
    if (!res.destroyed) res.writeHead(statusFor(error), { Connection: 'close' }).end(`${error.code}\n`);
  }

  async function forward(req: IncomingMessage, res: ServerResponse, jobId: string): Promise<void> {
    let host = '';
    const abort = new AbortController();
    res.once('close', () => {
      abort.abort();
    });
    try {
      const url = checkUrl(req.url ?? '');
      if (url.protocol !== 'http:') throw new Error('CONNECT is the way to https');
      host = unbracket(url.hostname);
      const upstream = await guard.connect({ host, port: portOf(url), signal: abort.signal });
      own(upstream, jobId);
      const out = request({
        createConnection: () => upstream,
        method: req.method ?? 'GET',
        path: url.pathname + url.search,
        headers: { ...forwardedHeaders(req.headers), host: url.host, connection: 'close' },
      });
      out.once('response', (answer) => {
        res.writeHead(answer.statusCode ?? 502, answer.statusMessage, forwardedHeaders(answer.headers));
        answer.once('error', () => res.destroy());
        answer.pipe(res);
      });
      out.once('error', () => {
        if (res.headersSent) res.destroy();
        else res.writeHead(502, { Connection: 'close' }).end();
      });
      res.once('close', () => out.destroy());
      req.pipe(out);
    } catch (thrown) {
      refuse(res, jobId, host, toSluiceError(thrown));
    }
  }

  server.on('connect', (req: IncomingMessage, client: Duplex, early: Buffer) => {
    const jobId = authorised(req);
    if (jobId === null) {
      client.on('error', () => client.destroy());
      client.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="sluice"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      );
      return;
    }
    own(client, jobId);
    void tunnel(req.url ?? '', client, early, jobId);
  });

  async function tunnel(authority: string, client: Duplex, early: Buffer, jobId: string): Promise<void> {
    const target = parseAuthority(authority);
    const abort = new AbortController();
    const onGone = (): void => {
      abort.abort();
    };
    client.once('close', onGone);
    try {
      if (target === null) throw new Error('not host:port');
      const upstream = await guard.connect({ ...target, signal: abort.signal });
      own(upstream, jobId);
      client.removeListener('close', onGone);
      client.once('close', () => upstream.destroy());
      upstream.once('close', () => client.destroy());
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      if (early.length > 0) upstream.write(early);
      upstream.pipe(client);
      client.pipe(upstream);
    } catch (thrown) {
      const error = toSluiceError(thrown);
      note(jobId, target?.host ?? authority, error);
      client.end(
        `HTTP/1.1 ${statusFor(error)} ${error.code}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      );
    }
  }

  server.on('clientError', (_, socket) => socket.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;

  return {
    urlFor: (jobId) => `http://${encodeJobId(jobId)}:${password}@127.0.0.1:${port}`,
    refused: (jobId) => refusals.get(jobId) ?? null,
    forget(jobId) {
      refusals.delete(jobId);
      for (const [socket, owner] of sockets) if (owner === jobId) socket.destroy();
    },
    async close() {
      for (const socket of sockets.keys()) socket.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** What the engine is told: it only has to be a failure that the engine does not retry for long. */
function statusFor(error: SluiceError): number {
  if (error.code === 'address_refused') return 403;
  if (error.code === 'invalid_url' || error.code === 'internal_error') return 400;
  return error.code === 'timeout' ? 504 : 502;
}
