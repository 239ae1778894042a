/**
 * A keep-alive HTTP/1.1 connection for load generators, one request at a time: a socket and two searches, some 10 µs per
 * request. fetch or node:http (100 µs and more) would be slower than the server.
 */
import { connect, type Socket } from 'node:net';

export interface RawResponse {
  status: number;
  /** Names in lower case. */
  head: string;
  body: string;
}

export class HttpConnection {
  readonly #socket: Socket;
  readonly #host: string;
  #chunks: Buffer[] = [];
  #waiting: PromiseWithResolvers<RawResponse> | null = null;

  private constructor(socket: Socket, host: string) {
    this.#socket = socket;
    this.#host = host;
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', (error) => this.#onClose(error));
    socket.on('close', () => this.#onClose(new Error('the server closed the connection')));
  }

  static open(url: string): Promise<HttpConnection> {
    const { hostname, port, host } = new URL(url);
    const socket = connect({ host: hostname, port: Number(port) });
    return new Promise((resolve, reject) => {
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        resolve(new HttpConnection(socket, host));
      });
    });
  }

  ask(method: string, path: string, token: string | null, body?: string): Promise<RawResponse> {
    this.#waiting = Promise.withResolvers<RawResponse>();
    const who = token === null ? '' : `authorization: Bearer ${token}\r\n`;
    const what =
      body === undefined
        ? ''
        : `content-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n`;
    this.#socket.write(`${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\n${who}${what}\r\n${body ?? ''}`);
    return this.#waiting.promise;
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(chunk: Buffer): void {
    this.#chunks.push(chunk);
    const text = Buffer.concat(this.#chunks).toString('latin1');
    const end = text.indexOf('\r\n\r\n');
    if (end < 0) return;
    const head = text.slice(0, end).toLowerCase();
    const rest = text.slice(end + 4);
    const body = bodyOf(head, rest);
    if (body === null) return;
    this.#chunks = [];
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve({
      status: Number(head.slice(9, 12)),
      head,
      body: Buffer.from(body, 'latin1').toString(),
    });
  }

  #onClose(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = null;
  }
}

/** null until it is complete. */
function bodyOf(head: string, rest: string): string | null {
  const length = /\r\ncontent-length: (\d+)/.exec(head)?.[1];
  if (length !== undefined) return rest.length >= Number(length) ? rest : null;
  if (!head.includes('\r\ntransfer-encoding: chunked')) return '';
  if (!rest.endsWith('0\r\n\r\n')) return null;
  return rest.replace(/(^|\r\n)[0-9a-f]+\r\n/g, '').replace(/\r\n$/, '');
}

export function fieldOf({ head }: RawResponse, name: string): string | null {
  return new RegExp(`\\r\\n${name}: ([^\\r\\n]*)`).exec(head)?.[1] ?? null;
}
