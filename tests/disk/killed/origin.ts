/** What the downloads of a killed server come from: contents that pack well, so that the fixture is small. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { waitFor } from '../../support/wait.ts';

/** It is part of what was stored. Below the ports that systems hand out. */
export const ORIGIN_PORT = 20_517;

const KIB = 1024;
const MIB = 1024 * KIB;
const PACKET_BYTES = 188;
const PACKETS = 400;
/** Of the stream. */
export const FRAGMENTS = 6;

/** By name: files that each show another way of being half done. */
export const FILES = {
  complete: 40 * KIB,
  one: 2 * MIB,
  several: 24 * MIB,
  checked: 3 * MIB,
  paused: 2 * MIB,
  waiting: 2 * MIB,
  queued: 48 * KIB,
} as const;
export type FileName = keyof typeof FILES;

/** Runs of 4 KiB of one byte, which differ between files and places. */
export function contentOf(name: FileName): Buffer {
  const bytes = Buffer.alloc(FILES[name]);
  for (let at = 0; at < bytes.length; at += 4 * KIB) {
    bytes.fill((at / (4 * KIB)) * 7 + name.charCodeAt(0) * 31, at, at + 4 * KIB);
  }
  return bytes;
}

/** MPEG-TS packets of an elementary stream, as far as their heads go. */
export function fragmentOf(n: number): Buffer {
  const bytes = Buffer.alloc(PACKETS * PACKET_BYTES, n + 1);
  for (let packet = 0; packet < PACKETS; packet++) {
    bytes.set([0x47, 0x01, 0x00, 0x10 + (packet % 16)], packet * PACKET_BYTES);
  }
  return bytes;
}

export function streamContent(): Buffer {
  return Buffer.concat(Array.from({ length: FRAGMENTS }, (_, n) => fragmentOf(n)));
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export interface Origin {
  close(): Promise<void>;
}

/**
 * @param holdsAfter bytes of each answer after which it goes on no more; null = it sends all. The first connection of
 * `waiting` is reset there, and each later one at once.
 */
export async function startOrigin(holdsAfter: number | null): Promise<Origin> {
  const server: Server = createServer((request, response) => {
    const path = new URL(request.url ?? '', 'http://origin').pathname;
    const name = /^\/([a-z]+)\.bin$/.exec(path)?.[1];
    const fragment = /^\/f(\d+)\.ts$/.exec(path)?.[1];
    if (path === '/stream.m3u8') answerText(response, playlist());
    else if (fragment !== undefined) {
      const isHeld = holdsAfter !== null && Number(fragment) >= 3;
      send(response, request.headers.range, fragmentOf(Number(fragment)), isHeld ? 20 * KIB : null, false);
    } else if (name !== undefined && name in FILES) {
      const holds = name === 'complete' ? null : holdsAfter;
      const isReset = name === 'waiting' && holds !== null;
      if (isReset && request.headers.range !== undefined) request.socket.resetAndDestroy();
      else send(response, request.headers.range, contentOf(name as FileName), holds, isReset);
    } else response.writeHead(404).end();
  });
  // Another run of the same test on this machine may have it.
  await waitFor(() => listens(server), { what: `port ${ORIGIN_PORT} to be free`, deadlineMs: 120_000 });
  return {
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function listens(server: Server): Promise<boolean> {
  server.listen(ORIGIN_PORT, '127.0.0.1');
  return once(server, 'listening').then(
    () => true,
    () => false,
  );
}

function playlist(): string {
  const fragments = Array.from({ length: FRAGMENTS }, (_, n) => `#EXTINF:2,\nf${n}.ts`);
  return ['#EXTM3U', '#EXT-X-VERSION:3', '#EXT-X-TARGETDURATION:2', ...fragments, '#EXT-X-ENDLIST', ''].join(
    '\n',
  );
}

function answerText(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/vnd.apple.mpegurl' }).end(text);
}

function send(
  response: ServerResponse,
  range: string | undefined,
  content: Buffer,
  holdsAfter: number | null,
  isReset: boolean,
): void {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(range ?? '') ?? [];
  const from = Number(first ?? 0);
  const to =
    last === undefined || last === '' ? content.length - 1 : Math.min(Number(last), content.length - 1);
  response.writeHead(range === undefined ? 200 : 206, {
    'content-type': 'application/octet-stream',
    'content-length': to - from + 1,
    'accept-ranges': 'bytes',
    etag: `"${sha256Of(content).slice(0, 16)}"`,
    ...(range === undefined ? {} : { 'content-range': `bytes ${from}-${to}/${content.length}` }),
  });
  const body = content.subarray(from, to + 1);
  if (holdsAfter === null || body.length <= holdsAfter) response.end(body);
  else if (isReset) response.write(body.subarray(0, holdsAfter), () => response.socket?.resetAndDestroy());
  else response.write(body.subarray(0, holdsAfter));
}
