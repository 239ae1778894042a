/** A visitor from another address, and what it can hold of a server. */
import { Agent, request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import { settles } from '../support/wait.ts';

export interface StrangerAnswer {
  /** 0 = the connection was closed without an answer. */
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

export class Stranger {
  readonly address: string;
  readonly #url: URL;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #open: { destroy(): void }[] = [];

  /** @param url of the server; of the same family as the address */
  constructor(url: string, address: string) {
    this.#url = new URL(url);
    this.address = address;
  }

  get #server(): { host: string; port: number } {
    return { host: this.#url.hostname.replace(/^\[|\]$/g, ''), port: Number(this.#url.port) };
  }

  /** Over one connection, as long as the server keeps it. */
  async ask(
    method: string,
    path: string,
    headers: Record<string, string> = {},
    body?: string,
  ): Promise<StrangerAnswer> {
    const answered = new Promise<StrangerAnswer>((resolve) => {
      const none = (): void => resolve({ status: 0, headers: {}, body: '' });
      const asked = request(
        {
          ...this.#server,
          localAddress: this.address,
          agent: this.#agent,
          method,
          path,
          headers: {
            host: this.#url.host,
            ...(body === undefined ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
        },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response
            .on('error', none)
            .on('end', () =>
              resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
            );
        },
      );
      asked.on('error', none);
      asked.end(body);
    });
    return settles(answered, { what: `${method} ${path} from ${this.address}` });
  }

  /** A new session's token; null = it was refused. */
  async session(headers: Record<string, string> = {}): Promise<string | null> {
    const { status, body } = await this.ask('POST', '/api/sessions', headers);
    return status === 201 ? (JSON.parse(body) as { token: string }).token : null;
  }

  async add(token: string, url: string, more: object = {}): Promise<StrangerAnswer> {
    const headers = { authorization: `Bearer ${token}` };
    return this.ask('POST', '/api/downloads', headers, JSON.stringify({ url, ...more }));
  }

  /** An open connection that sends `text`; it is closed when the server closes it. */
  async connection(text = ''): Promise<Socket> {
    const socket = connect({ ...this.#server, localAddress: this.address });
    socket.on('error', () => undefined).resume();
    this.#open.push(socket);
    await settles(
      new Promise<void>((resolve) => socket.once('connect', resolve).once('close', () => resolve())),
      { what: 'a connection' },
    );
    if (text !== '') socket.write(text);
    return socket;
  }

  /** A socket that is open, or the code or status with which it was not. */
  async socket(
    token: string,
    path = '/api/channel',
    protocol = 'sluice.v1',
    headers: Record<string, string> = {},
  ): Promise<WebSocket | number> {
    const ws = new WebSocket(`${this.#url.href.replace('http', 'ws')}${path.slice(1)}`, protocol, {
      localAddress: this.address,
      headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...headers },
    });
    this.#open.push({ destroy: () => ws.terminate() });
    ws.on('error', () => undefined);
    const refused = once(ws, 'unexpected-response').then(
      ([, response]) => (response as { statusCode: number }).statusCode,
    );
    const closed = new Promise<number>((resolve) => ws.once('close', resolve));
    // What the server says first: the refusal of one too many comes after the upgrade.
    const opened = once(ws, 'open').then(async () => {
      const pong = once(ws, 'pong').then(() => ws);
      if (ws.readyState === ws.OPEN) ws.ping();
      return Promise.race([pong, closed]);
    });
    return settles(Promise.race([opened, refused, closed]), { what: 'a socket to open or not' });
  }

  /** Of `wanted` sockets, how many stay open together. */
  async holdSockets(wanted: number, token: () => Promise<string | null>, ...how: string[]): Promise<number> {
    let held = 0;
    for (let n = 0; n < wanted; n++) {
      const issued = await token();
      if (issued === null) continue;
      if (typeof (await this.socket(issued, ...(how as []))) !== 'number') held++;
    }
    return held;
  }

  /** Of `wanted` connections with the start of a head, how many stay open. */
  async holdConnections(wanted: number): Promise<number> {
    const sockets: Socket[] = [];
    for (let n = 0; n < wanted; n++) sockets.push(await this.connection('GET / HTTP/1.1\r\nhost: '));
    // Connections are accepted in order: those before one that is decided are decided too.
    const last = await this.connection('no head\r\n\r\n');
    await decided(last);
    return sockets.filter((socket) => !socket.closed).length;
  }

  close(): void {
    this.#agent.destroy();
    for (const one of this.#open.splice(0)) one.destroy();
  }
}

/** Resolves once the server has answered on a connection, or closed it. */
export async function decided(socket: Socket): Promise<void> {
  if (socket.closed || socket.destroyed) return;
  const answered = new Promise<void>((resolve) => {
    socket.once('data', () => resolve()).once('close', () => resolve());
  });
  await settles(answered, { what: 'an answer on a connection, or its end' });
}
