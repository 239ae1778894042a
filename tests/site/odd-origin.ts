/**
 * An origin on a plain socket whose responses are chosen by the test: heads that no HTTP library would send, bodies of any
 * position and length. It serves generated content (`content.ts`), so that a byte in the wrong place changes the hash.
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { contentPieces } from './content.ts';

/** One version of a file. */
export interface OddFile {
  seed: number;
  size: number;
  /** As sent, with its quotes; null = none. */
  etag: string | null;
}

export interface OddRequest {
  path: string;
  /** First requested byte; null = no Range. */
  from: number | null;
  /** Exclusive; null = to the end. */
  to: number | null;
  ifRange: string | null;
  /** Whether it is from the fast path, which makes one request per connection. */
  isFast: boolean;
  /** 1 for the first request of this path. */
  count: number;
}

export interface OddAnswer {
  /** 0 = the connection is reset instead. */
  status: number;
  /** Lower-case names. The body is chunked without `content-length`, unless `untilClose`. */
  headers: Record<string, string | number>;
  body: Buffer | { file: OddFile; start: number; end: number };
  untilClose?: boolean;
  /** After this many bytes of the body the connection stalls, or breaks. */
  stop?: { after: number; how: 'hold' | 'cut' };
  bytesPerSecond?: number;
}

export interface OddOrigin {
  /** `http://127.0.0.1:port` */
  url: string;
  asked: OddRequest[];
  /** Sets the function that makes every response from now on. */
  answer: (request: OddRequest) => OddAnswer;
  close(): Promise<void>;
}

const TYPE = { 'content-type': 'video/mp4' };
const tag = ({ etag }: OddFile): Record<string, string> => (etag === null ? {} : { etag });

/** 200 with all of it. */
export function whole(file: OddFile): OddAnswer {
  const headers = { ...TYPE, ...tag(file), 'content-length': file.size };
  return { status: 200, headers, body: { file, start: 0, end: file.size } };
}

/** 206 with the requested range. */
export function part(file: OddFile, { from, to }: Pick<OddRequest, 'from' | 'to'>): OddAnswer {
  const start = from ?? 0;
  const end = Math.min(to ?? file.size, file.size);
  const headers = {
    ...TYPE,
    ...tag(file),
    'content-length': end - start,
    'content-range': `bytes ${start}-${end - 1}/${file.size}`,
  };
  return { status: 206, headers, body: { file, start, end } };
}

/** The response of a correct server, including If-Range. */
export function honest(file: OddFile, request: OddRequest): OddAnswer {
  const isOther = request.ifRange !== null && request.ifRange !== file.etag;
  return request.from === null || isOther ? whole(file) : part(file, request);
}

/** Of these bytes 200 with all, or 206 with the requested range, whatever If-Range says. */
export function served(
  body: Buffer,
  headers: OddAnswer['headers'],
  { from, to }: Pick<OddRequest, 'from' | 'to'>,
): OddAnswer {
  const start = from ?? 0;
  const end = Math.min(to ?? body.length, body.length);
  const range = from === null ? {} : { 'content-range': `bytes ${start}-${end - 1}/${body.length}` };
  return {
    status: from === null ? 200 : 206,
    headers: { ...headers, ...range, 'content-length': end - start },
    body: body.subarray(start, end),
  };
}

export async function startOddOrigin(): Promise<OddOrigin> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
    let text = '';
    socket.on('data', (bytes: Buffer) => {
      text += bytes.toString('latin1');
      if (!text.includes('\r\n\r\n')) return;
      const request = readRequest(text, origin.asked);
      text = '';
      origin.asked.push(request);
      void send(socket, origin.answer(request));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin: OddOrigin = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: [],
    answer: () => ({ status: 404, headers: { 'content-length': 0 }, body: Buffer.alloc(0) }),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
  return origin;
}

function readRequest(text: string, asked: readonly OddRequest[]): OddRequest {
  const path = /^GET (\S+) /.exec(text)?.[1] ?? '';
  const range = /^range: bytes=(\d+)-(\d*)\r$/im.exec(text);
  const last = range?.[2] ?? '';
  return {
    path,
    from: range ? Number(range[1]) : null,
    to: last === '' ? null : Number(last) + 1,
    ifRange: /^if-range: (.*)\r$/im.exec(text)?.[1] ?? null,
    isFast: /^connection: close\r$/im.test(text),
    count: asked.filter((each) => each.path === path).length + 1,
  };
}

async function send(socket: Socket, answer: OddAnswer): Promise<void> {
  const { status, headers, body, untilClose = false, stop, bytesPerSecond } = answer;
  if (status === 0) {
    socket.resetAndDestroy();
    return;
  }
  const chunked = !untilClose && !('content-length' in headers);
  const fields = { ...headers, ...(chunked ? { 'transfer-encoding': 'chunked' } : {}), connection: 'close' };
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}`);
  socket.write(`HTTP/1.1 ${status} Odd\r\n${lines.join('\r\n')}\r\n\r\n`);
  const pieces = Buffer.isBuffer(body) ? [body] : contentPieces(body.file.seed, body.start, body.end);
  let left = stop?.after ?? Infinity;
  for (const whole of pieces) {
    const piece = whole.subarray(0, left);
    left -= piece.length;
    const step = bytesPerSecond === undefined ? piece.length : Math.ceil(bytesPerSecond / 50);
    for (let at = 0; at < piece.length && !socket.destroyed; at += step) {
      const some = piece.subarray(at, at + step);
      if (chunked) socket.write(`${some.length.toString(16)}\r\n`);
      const flushed = socket.write(some);
      if (chunked) socket.write('\r\n');
      if (!flushed) await until(socket, 'drain');
      if (bytesPerSecond !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    if (left <= 0 || socket.destroyed) break;
  }
  if (stop !== undefined && left <= 0) {
    // Wait until the written bytes are sent before breaking the connection.
    if (stop.how === 'cut') socket.write('', () => socket.destroySoon());
    return;
  }
  socket.end(chunked ? '0\r\n\r\n' : '');
}

/** Resolves also when the socket is gone. */
function until(socket: Socket, event: string): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off(event, done).off('close', done);
      resolve();
    };
    socket.once(event, done).once('close', done);
  });
}
