/** Serves made-up files at a given rate for each connection, and counts what it has sent of each. */
import { createHash, type Hash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { contentPieces } from '../../../tests/site/content.ts';

const TICK_MS = 50;

export interface OriginFile {
  /** The last part of its path; of a stream, of its playlist. */
  name: string;
  seed: number;
  bytes: number;
  /** Of one connection; null = as fast as it goes. */
  bytesPerSecond: number | null;
  /** A stream of so many fragments of `bytes` each; 0 = a file. */
  fragments: number;
  /** All fragments are as fast; otherwise one is slow, so that those after it wait for it. */
  isEven?: boolean;
}

export interface Origin {
  url: string;
  serve(file: OriginFile): void;
  /** Bytes of this file or stream that were sent. */
  sent(name: string): number;
  close(): Promise<void>;
}

export async function startOrigin(): Promise<Origin> {
  const files = new Map<string, OriginFile>();
  const sent = new Map<string, number>();
  const server = createServer((request, response) => {
    const [, name = '', part] = new URL(request.url ?? '/', 'http://origin').pathname.split('/');
    const file = files.get(name);
    if (file === undefined) return void response.writeHead(404).end();
    if (file.fragments > 0 && part === undefined) {
      response.writeHead(200, { 'content-type': 'application/vnd.apple.mpegurl' });
      return void response.end(playlistOf(file));
    }
    const seed = part === undefined ? file.seed : file.seed + 1 + Number.parseInt(part, 10);
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = Number(range?.[1] ?? 0);
    const end = range?.[2] ? Math.min(Number(range[2]) + 1, file.bytes) : file.bytes;
    if (start >= file.bytes) {
      return void response.writeHead(416, { 'content-range': `bytes */${file.bytes}` }).end();
    }
    response.writeHead(range ? 206 : 200, {
      'content-type': part === undefined && name.endsWith('.mp4') ? 'video/mp4' : 'application/octet-stream',
      'content-length': end - start,
      'accept-ranges': 'bytes',
      etag: `"${seed}-${file.bytes}"`,
      ...(range ? { 'content-range': `bytes ${start}-${end - 1}/${file.bytes}` } : {}),
    });
    if (request.method === 'HEAD') return void response.end();
    const isSlow = part?.startsWith('1.') && file.isEven !== true;
    const rate = isSlow ? (file.bytesPerSecond ?? 8e6) / 8 : file.bytesPerSecond;
    const count = (bytes: number): void => void sent.set(name, (sent.get(name) ?? 0) + bytes);
    pour(response, bodyOf({ ...file, seed }, start, end), rate, count).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    serve: (file) => void files.set(file.name, file),
    sent: (name) => sent.get(name) ?? 0,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Of the whole file, or of all fragments one after the other. */
export function hashOf(file: OriginFile): string {
  const hash = createHash('sha256');
  if (file.fragments === 0) addContent(hash, file);
  for (let n = 0; n < file.fragments; n++) addContent(hash, { ...file, seed: file.seed + 1 + n });
  return hash.digest('hex');
}

export function bytesOf({ bytes, fragments }: OriginFile): number {
  return bytes * Math.max(1, fragments);
}

function addContent(hash: Hash, file: OriginFile): void {
  for (const piece of bodyOf(file, 0, file.bytes)) hash.update(piece);
}

/** Fragments begin as packed audio does (RFC 8216, section 3.4), which is joined as it comes. */
function* bodyOf({ seed, fragments }: OriginFile, start: number, end: number): Generator<Buffer> {
  let at = start;
  for (const piece of contentPieces(seed, start, end)) {
    if (fragments > 0 && at < 3) Buffer.from('ID3').copy(piece, 0, at);
    at += piece.length;
    yield piece;
  }
}

function playlistOf({ name, fragments }: OriginFile): string {
  const parts = Array.from({ length: fragments }, (_, n) => `#EXTINF:4,\n/${name}/${n}.aac`);
  return ['#EXTM3U', '#EXT-X-VERSION:3', '#EXT-X-TARGETDURATION:4', ...parts, '#EXT-X-ENDLIST', ''].join(
    '\n',
  );
}

async function pour(
  response: ServerResponse,
  pieces: Iterable<Buffer>,
  bytesPerSecond: number | null,
  count: (bytes: number) => void,
): Promise<void> {
  const step = bytesPerSecond === null ? Infinity : Math.ceil((bytesPerSecond * TICK_MS) / 1000);
  async function* paced(): AsyncGenerator<Buffer> {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length; at += step) {
        const part = piece.subarray(at, at + Math.min(step, piece.length));
        count(part.length);
        yield part;
        if (bytesPerSecond !== null) await delay(TICK_MS);
      }
    }
  }
  await pipeline(Readable.from(paced(), { highWaterMark: 1 }), response);
}
