/** `/file/<name>`: made bytes, with Range, validators, a rate and faults. */
import { type IncomingMessage, type ServerResponse } from 'node:http';
import { createGzip } from 'node:zlib';
import { contentPieces } from './content.ts';
import { type FileWish, readWish } from './faults.ts';

/** Rate-limited bodies are written this often: smooth enough for 2 MB/s to look like a line. */
const TICK_MS = 10;
const LAST_MODIFIED = 'Tue, 03 Feb 2026 04:05:06 GMT';

export interface FileState {
  /** Overrides the seed of a name: the file has changed on the server. */
  seeds: Map<string, number>;
  /** Requests so far, by address. */
  asked: Map<string, number>;
}

export function serveFile(req: IncomingMessage, res: ServerResponse, url: URL, state: FileState): void {
  const wish = readWish(url.searchParams);
  const key = url.pathname + url.search;
  const count = (state.asked.get(key) ?? 0) + 1;
  state.asked.set(key, count);
  const faulty = count > wish.after && (wish.times === null || count <= wish.after + wish.times);
  const faults = faulty ? wish.faults : new Map<string, string>();
  const seed = (state.seeds.get(url.pathname) ?? wish.seed) + (faults.has('etag-changes') ? count : 0);
  answer(req, res, { ...wish, seed, faults });
}

function answer(req: IncomingMessage, res: ServerResponse, wish: FileWish): void {
  const { faults, size, seed } = wish;
  if (faults.has('reset')) return void req.socket.resetAndDestroy();
  if (faults.has('hang')) return;
  if (faults.has('no-head') && req.method === 'HEAD') return void res.writeHead(405).end();
  const status = Number(faults.get('status') ?? (faults.has('retry-after') ? 429 : 0));
  if (status > 0) {
    const wait = faults.get('retry-after');
    res.writeHead(status, wait === undefined ? {} : { 'Retry-After': wait }).end('no\n');
    return;
  }
  const etag = `"${seed}-${size}"`;
  res.setHeader('Content-Type', wish.type);
  if (wish.disposition !== null) res.setHeader('Content-Disposition', wish.disposition);
  if (!faults.has('no-validators')) {
    res.setHeader('ETag', faults.has('weak-etag') ? `W/${etag}` : etag);
    if (!faults.has('weak-etag') && seed === wish.seed) res.setHeader('Last-Modified', LAST_MODIFIED);
  }
  const ignoring = faults.has('no-range') || faults.has('ignore-range');
  if (!faults.has('no-range')) res.setHeader('Accept-Ranges', 'bytes');
  const range = ignoring ? null : readRange(req, etag, size, faults);
  if (range === 'unsatisfiable') {
    res.writeHead(416, { 'Content-Range': `bytes */${size}` }).end();
    return;
  }
  const start = range?.[0] ?? 0;
  let end = range?.[1] ?? size;
  const announced = end - start;
  if (range !== null) {
    const shift = faults.has('wrong-range') ? 1 : 0;
    res.setHeader('Content-Range', `bytes ${start + shift}-${end - 1}/${size}`);
    res.statusCode = 206;
  }
  if (faults.has('short')) end -= Math.min(announced, 1000);
  if (faults.has('long')) end += 1000;
  if (faults.has('gzip')) {
    res.setHeader('Content-Encoding', 'gzip');
    const gzip = createGzip();
    gzip.pipe(res);
    for (const piece of contentPieces(seed, start, end)) gzip.write(piece);
    gzip.end();
    return;
  }
  if (!faults.has('unknown-size')) res.setHeader('Content-Length', announced);
  // a body that does not fit its length must go past Node's own check
  res.strictContentLength = false;
  if (req.method === 'HEAD') return void res.end();
  res.flushHeaders();
  void send(res, { ...wish, start, end });
}

function readRange(
  req: IncomingMessage,
  etag: string,
  size: number,
  faults: Map<string, string>,
): [number, number] | 'unsatisfiable' | null {
  const match = /^bytes=(\d+)-(\d*)$/.exec(req.headers.range ?? '');
  if (!match) return null;
  const ifRange = req.headers['if-range'];
  if (ifRange !== undefined && ifRange !== etag && ifRange !== LAST_MODIFIED) return null;
  const start = Number(match[1]);
  if (start >= size || faults.has('416')) return 'unsatisfiable';
  return [start, match[2] === '' ? size : Math.min(size, Number(match[2]) + 1)];
}

async function send(res: ServerResponse, wish: FileWish & { start: number; end: number }): Promise<void> {
  const { faults, bytesPerSecond, start, seed } = wish;
  const cutAt = faults.has('cut-at') ? start + Number(faults.get('cut-at')) : Infinity;
  const stallAt = faults.has('stall-at') ? start + Number(faults.get('stall-at')) : Infinity;
  const end = Math.min(wish.end, cutAt, stallAt);
  const closed = new Promise<void>((resolve) => res.once('close', resolve));
  let gone = false;
  void closed.then(() => (gone = true));
  const began = performance.now();
  let sent = 0;
  for (const piece of contentPieces(seed, start, end)) {
    if (bytesPerSecond === null) {
      if (!res.write(piece)) await Promise.race([new Promise((done) => res.once('drain', done)), closed]);
    } else {
      let at = 0;
      while (at < piece.length && !gone) {
        const due = ((performance.now() - began) / 1000) * bytesPerSecond - sent;
        const bytes = Math.min(piece.length - at, Math.floor(due));
        if (bytes > 0) {
          sent += bytes;
          const flushed = res.write(piece.subarray(at, at + bytes));
          at += bytes;
          if (!flushed) await Promise.race([new Promise((done) => res.once('drain', done)), closed]);
        }
        await new Promise((done) => setTimeout(done, TICK_MS));
      }
    }
    if (gone) return;
  }
  if (end === stallAt) return;
  if (end === cutAt && cutAt < wish.end) {
    // what was written must be on its way before the connection breaks
    res.write('', () => res.socket?.destroySoon());
    return;
  }
  if (faults.has('short')) res.write('', () => res.socket?.destroySoon());
  else res.end();
}
