/**
 * A forward proxy with the guard's checks, the only way out of an engine: requests in absolute form, and CONNECT. It serves
 * the listeners that sandboxes hand over, each for its job; where there is none it listens on loopback, and requires a
 * password that is new at each start. It remembers for each job the host that it was refused, so that the engine's failure
 * gets its real cause.
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { SluiceError, toSluiceError } from '../protocol/error.ts';
import { AwayError, UnreachableError } from '../protocol/unreachable.ts';
import { checkUrl } from '../protocol/url.ts';
import { unbracket } from './address.ts';
import type { Guard } from './guard.server.ts';
import {
  encodeRunId,
  forwardedHeaders,
  parseAuthority,
  parseProxyAuthorization,
  PASSWORD_BYTES,
} from './proxy-head.ts';
import { portOf } from './policy.ts';
import { Relay } from './relay.server.ts';

/** Connections of one job at a time, of which each takes two descriptors here. yt-dlp opens some tens. */
const MAX_CONNECTIONS = 256;
/** Connections by password, of all jobs and of whoever has none: without namespaces any program of this machine can open some. */
const MAX_BY_PASSWORD = 4 * MAX_CONNECTIONS;
/** ms. Engines send theirs at once. */
const HEAD_TIMEOUT_MS = 10_000;

interface ProxyOptions {
  guard: Guard;
  /** On loopback, for engines without a network of their own. Default: yes. */
  listens?: boolean;
}

export async function startProxy({ guard, listens = true }: ProxyOptions): Promise<GuardProxy> {
  const proxy = new GuardProxy(guard);
  if (listens) await proxy.listen();
  return proxy;
}

export class GuardProxy {
  readonly #guard: Guard;
  readonly #password = randomBytes(PASSWORD_BYTES).toString('base64url');
  /** The last host that each job was refused. */
  readonly #refusals = new Map<string, string>();
  /** Why the last dial of each job came to nothing; absent once one succeeds. */
  readonly #unreached = new Map<string, UnreachableError | AwayError>();
  /** Open sockets, with their job. */
  readonly #sockets = new Map<Duplex, string>();
  /** Listeners inside the networks of jobs. */
  readonly #listeners = new Map<string, Set<Server>>();
  /** The job whose listener a connection came through. */
  readonly #jobs = new WeakMap<Duplex, string>();
  readonly #server = createServer({ keepAliveTimeout: 0, headersTimeout: HEAD_TIMEOUT_MS });

  constructor(guard: Guard) {
    this.#guard = guard;
    this.#server.maxConnections = MAX_BY_PASSWORD;
    this.#server.on('request', (req, res) => this.#onRequest(req, res));
    this.#server.on('connect', (req, client, head) => this.#onConnect(req, client, head));
    this.#server.on('clientError', (_, socket) => socket.destroy());
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(0, '127.0.0.1', resolve);
    });
  }

  /** Proxy address for one job, with its credentials: `http://user:password@127.0.0.1:port`. */
  urlFor(runId: string): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://${encodeRunId(runId)}:${this.#password}@127.0.0.1:${port}`;
  }

  /** For the process host: a listener of the job's, or else the address above. */
  outletFor(runId: string): { serve(listener: unknown): void; url(): string } {
    return {
      serve: (listener) => this.#serve(runId, listener as Server),
      url: () => this.urlFor(runId),
    };
  }

  #serve(runId: string, listener: Server): void {
    const listeners = this.#listeners.get(runId) ?? new Set();
    this.#listeners.set(runId, listeners.add(listener));
    listener.maxConnections = MAX_CONNECTIONS;
    // As that of Node's HTTP server: a client may end its side first. Read for each connection.
    Object.assign(listener, { allowHalfOpen: true });
    listener.on('error', () => listener.close());
    listener.once('close', () => listeners.delete(listener));
    listener.on('connection', (socket: Socket) => {
      socket.setNoDelay(true);
      this.#jobs.set(socket, runId);
      this.#track(socket, runId);
      // Node's HTTP server takes connections of other listeners by this event.
      this.#server.emit('connection', socket);
    });
  }

  /** The host that this job was refused; null = none. */
  refused(runId: string): string | null {
    return this.#refusals.get(runId) ?? null;
  }

  /** Why the job's last dial came to nothing; null = it did not. */
  unreached(runId: string): UnreachableError | AwayError | null {
    return this.#unreached.get(runId) ?? null;
  }

  /** Closes the job's connections and listeners, and forgets what it could not reach. */
  forget(runId: string): void {
    for (const listener of this.#listeners.get(runId) ?? []) listener.close();
    this.#listeners.delete(runId);
    this.#refusals.delete(runId);
    this.#unreached.delete(runId);
    for (const [socket, owner] of this.#sockets) if (owner === runId) socket.destroy();
  }

  async close(): Promise<void> {
    for (const runId of [...this.#listeners.keys()]) this.forget(runId);
    for (const socket of this.#sockets.keys()) socket.destroy();
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  #authorise(req: IncomingMessage): string | null {
    const runId = this.#jobs.get(req.socket);
    if (runId !== undefined) return runId;
    const credentials = parseProxyAuthorization(req.headers['proxy-authorization']);
    const password = this.#password;
    if (credentials === null || credentials.password.length !== password.length) return null;
    const isSame = timingSafeEqual(
      Buffer.from(credentials.password.padEnd(64)),
      Buffer.from(password.padEnd(64)),
    );
    return isSame ? credentials.runId : null;
  }

  #recordRefusal(runId: string, host: string, error: SluiceError): void {
    if (error.code === 'address_refused') this.#refusals.set(runId, host);
    if (error instanceof UnreachableError || error instanceof AwayError) this.#unreached.set(runId, error);
  }

  /** Ends a connection by password that is one too many for its job; a job's listener takes no more by itself. */
  #takes(client: Duplex, runId: string): boolean {
    if (this.#sockets.has(client)) return true;
    let open = 0;
    for (const owner of this.#sockets.values()) if (owner === runId) open++;
    this.#track(client, runId);
    if (open < 2 * MAX_CONNECTIONS) return true;
    client.destroy();
    return false;
  }

  #track(socket: Duplex, runId: string): void {
    this.#sockets.set(socket, runId);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
  }

  #onRequest(req: IncomingMessage, res: ServerResponse): void {
    const runId = this.#authorise(req);
    if (runId === null) {
      res.writeHead(407, { 'Proxy-Authenticate': 'Basic realm="sluice"', Connection: 'close' }).end();
      return;
    }
    if (this.#takes(req.socket, runId)) void this.#forward(req, res, runId);
  }

  #refuse(res: ServerResponse, runId: string, host: string, error: SluiceError): void {
    this.#recordRefusal(runId, host, error);
    if (!res.destroyed) res.writeHead(statusFor(error), { Connection: 'close' }).end(`${error.code}\n`);
  }

  async #forward(req: IncomingMessage, res: ServerResponse, runId: string): Promise<void> {
    let host = '';
    const abort = new AbortController();
    res.once('close', () => abort.abort());
    try {
      const url = checkUrl(req.url ?? '');
      if (url.protocol !== 'http:') throw new Error('https needs CONNECT');
      host = unbracket(url.hostname);
      const upstream = await this.#guard.connect({ host, port: portOf(url), signal: abort.signal });
      this.#unreached.delete(runId);
      this.#track(upstream, runId);
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
      this.#refuse(res, runId, host, toSluiceError(thrown));
    }
  }

  #onConnect(req: IncomingMessage, client: Duplex, head: Buffer): void {
    const runId = this.#authorise(req);
    if (runId === null) {
      client.on('error', () => client.destroy());
      client.end(
        'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="sluice"\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      );
      return;
    }
    if (this.#takes(client, runId)) void this.#tunnel(req.url ?? '', client, head, runId);
  }

  async #tunnel(authority: string, client: Duplex, head: Buffer, runId: string): Promise<void> {
    const target = parseAuthority(authority);
    const abort = new AbortController();
    const onClose = (): void => abort.abort();
    client.once('close', onClose);
    try {
      if (target === null) throw new SluiceError('invalid_url', 'That is not host:port.');
      const relay = new Relay(client as Socket);
      const upstream = await this.#guard.connect({ ...target, signal: abort.signal, onread: relay.onread });
      this.#unreached.delete(runId);
      this.#track(upstream, runId);
      client.removeListener('close', onClose);
      client.once('close', () => upstream.destroy());
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      if (head.length > 0) upstream.write(head);
      relay.begin(upstream);
    } catch (thrown) {
      const error = toSluiceError(thrown);
      this.#recordRefusal(runId, target === null ? authority : unbracket(target.host), error);
      client.end(
        `HTTP/1.1 ${statusFor(error)} ${error.code}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`,
      );
    }
  }
}

/** Any failure will do that engines do not retry for long. */
function statusFor(error: SluiceError): number {
  if (error.code === 'address_refused') return 403;
  if (error.code === 'invalid_url' || error.code === 'internal_error') return 400;
  return error.code === 'timeout' ? 504 : 502;
}
