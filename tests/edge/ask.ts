/** Requests of a hostile client: any Host, header or method, also those that `fetch` does not allow. */
import { request } from 'node:http';
import { once } from 'node:events';
import { WebSocket } from 'ws';
import type { ServerMessage } from '#lib/protocol/channel.ts';
import { settles } from '../support/wait.ts';

export interface Asked {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

export interface RawAnswer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
  /** Of a problem document. */
  code: string | undefined;
}

export async function ask(
  url: string,
  path: string,
  { method = 'GET', headers = {}, body }: Asked = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  const answered = new Promise<RawAnswer>((resolve, reject) => {
    const asked = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks);
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          body: text,
          code: codeOf(text),
        });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
  return settles(answered, { what: `${method} ${path}` });
}

function codeOf(body: Buffer): string | undefined {
  try {
    return (JSON.parse(body.toString()) as { code?: string }).code;
  } catch {
    return undefined;
  }
}

/** A socket that keeps every message it received. */
export class TestSocket {
  readonly ws: WebSocket;
  readonly messages: ServerMessage[] = [];
  readonly #closed: Promise<number>;

  private constructor(ws: WebSocket) {
    this.ws = ws;
    ws.on('message', (data: Buffer) => this.messages.push(JSON.parse(data.toString()) as ServerMessage));
    this.#closed = once(ws, 'close').then(([code]) => code as number);
  }

  /** @returns an HTTP status when the upgrade is refused */
  static async open(
    url: string,
    headers: Record<string, string>,
    protocols = ['sluice.v1'],
    path = '/api/channel',
  ): Promise<TestSocket | number> {
    const ws = new WebSocket(`${url.replace(/^http/, 'ws')}${path}`, protocols, { headers });
    ws.on('error', () => {});
    const socket = new TestSocket(ws);
    const refused = new Promise<number>((resolve) => {
      ws.on('unexpected-response', (asked, response) => {
        resolve(response.statusCode ?? 0);
        response.resume();
        asked.destroy();
      });
    });
    const opened = new Promise<TestSocket>((resolve) => ws.on('open', () => resolve(socket)));
    return settles(Promise.race([opened, refused]), { what: 'the socket to open' });
  }

  static async of(url: string, token: string): Promise<TestSocket> {
    const socket = await TestSocket.open(url, { authorization: `Bearer ${token}` });
    if (typeof socket === 'number') throw new Error(`the socket was refused: ${socket}`);
    return socket;
  }

  send(message: object | string): void {
    this.ws.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** The code that the server closed with. */
  get closed(): Promise<number> {
    return settles(this.#closed, { what: 'the server to close the socket' });
  }

  close(): void {
    this.ws.terminate();
  }
}
