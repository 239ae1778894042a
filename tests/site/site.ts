/** The media site that tests download from: a real server on 127.0.0.1 with generated content. */
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { serveFile, type FileState } from './file-route.ts';
import { mediaDir } from './media.ts';
import { PAGES } from './pages.ts';
import { makeCertificate } from './tls.ts';

export interface SiteOptions {
  port?: number;
  /** Serve https with a new certificate, whose PEM is `site.ca`. Needs openssl. */
  tls?: boolean;
}

export interface Asked {
  method: string;
  /** Path and query. */
  url: string;
  range: string | null;
  ifRange: string | null;
}

export interface Site {
  /** `http://127.0.0.1:port`, no slash at the end. */
  url: string;
  ca: string | undefined;
  /** Every request so far. */
  asked: Asked[];
  /** Changes the bytes and the ETag of a file (`/file/x`). */
  change(path: string, seed: number): void;
  /** From now on a file (`/file/x`) is sent as fast as it is read, whatever `rate` says. */
  unthrottle(path: string): void;
  /** Breaks every open connection. */
  cutAll(): void;
  close(): Promise<void>;
}

const TYPES: Record<string, string> = {
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.mpd': 'application/dash+xml',
  '.ts': 'video/mp2t',
  '.mp4': 'video/mp4',
  '.m4s': 'video/iso.segment',
  '.mp3': 'audio/mpeg',
  '.bin': 'application/octet-stream',
};

export async function startSite({ port = 0, tls = false }: SiteOptions = {}): Promise<Site> {
  const asked: Asked[] = [];
  const sockets = new Set<Socket>();
  const files: FileState = { seeds: new Map(), asked: new Map(), unthrottled: new Set() };
  const certificate = tls ? await makeCertificate() : null;
  const listener = (req: IncomingMessage, res: ServerResponse): void => {
    const { method = 'GET', headers, url = '/' } = req;
    asked.push({
      method,
      url,
      range: headers.range ?? null,
      ifRange: headers['if-range']?.toString() ?? null,
    });
    void route(req, res, new URL(url, base), files);
  };
  const server = certificate ? createTlsServer(certificate, listener) : createServer(listener);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const base = `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url: base,
    ca: certificate?.cert,
    asked,
    change: (path, seed) => void files.seeds.set(path, seed),
    unthrottle: (path) => void files.unthrottled.add(path),
    cutAll() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function route(req: IncomingMessage, res: ServerResponse, url: URL, files: FileState): Promise<void> {
  const { pathname, searchParams, origin } = url;
  const page = PAGES[pathname];
  if (pathname.startsWith('/file/')) return serveFile(req, res, url, files);
  if (page !== undefined) {
    res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    return void res.end(page.replaceAll('{base}', origin));
  }
  if (pathname === '/redirect') {
    const status = Number(searchParams.get('status') ?? 302);
    return void res.writeHead(status, { Location: searchParams.get('to') ?? '/' }).end();
  }
  if (pathname === '/loop') return void res.writeHead(302, { Location: '/loop' }).end();
  if (pathname === '/hops') {
    const left = Number(searchParams.get('n') ?? 0);
    const to = left > 0 ? `/hops?n=${left - 1}` : '/file/hopped.bin';
    return void res.writeHead(302, { Location: to }).end();
  }
  if (pathname === '/text') {
    res.writeHead(200, { 'Content-Type': searchParams.get('type') ?? 'text/plain' });
    return void res.end(searchParams.get('body') ?? '');
  }
  if (/^\/(media|live)\//.test(pathname)) return serveMedia(req, res, pathname);
  res.writeHead(404).end('not here\n');
}

async function serveMedia(req: IncomingMessage, res: ServerResponse, pathname: string): Promise<void> {
  const dir = await mediaDir();
  const inside = normalize(pathname.replace(/^\/\w+\//, '/'));
  const path = join(dir ?? '', inside);
  const info = dir === null ? null : await stat(path).catch(() => null);
  if (info === null || !info.isFile()) return void res.writeHead(404).end();
  res.setHeader('Content-Type', TYPES[extname(path)] ?? 'application/octet-stream');
  if (extname(path) === '.m3u8') {
    const text = await readFile(path, 'utf8');
    // without its end tag, the playlist is a live one
    const live = pathname.startsWith('/live/');
    return void res.end(live ? text.replace(/#EXT-X-(ENDLIST|PLAYLIST-TYPE:VOD)\n?/g, '') : text);
  }
  res.setHeader('ETag', `"${info.size}-${Math.round(info.mtimeMs)}"`);
  res.setHeader('Accept-Ranges', 'bytes');
  const match = /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '');
  const start = match ? Number(match[1]) : 0;
  const end = match?.[2] ? Math.min(info.size - 1, Number(match[2])) : info.size - 1;
  if (start >= info.size) return void res.writeHead(416, { 'Content-Range': `bytes */${info.size}` }).end();
  if (match) res.setHeader('Content-Range', `bytes ${start}-${end}/${info.size}`);
  res.writeHead(match ? 206 : 200, { 'Content-Length': end - start + 1 });
  if (req.method === 'HEAD') return void res.end();
  createReadStream(path, { start, end })
    .on('error', () => res.destroy())
    .pipe(res);
}
