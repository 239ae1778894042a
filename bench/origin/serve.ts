/**
 * The origin server of the benches, a child process: `/name.mp4?bytes=N`, whole or in ranges, over
 * http and, with a key and a certificate, over https. `&rate=R` limits each connection, `&shared=R` all connections
 * of the same address together, to R bytes a second. Prints its addresses in one line of JSON.
 */
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { contentAt } from './content.ts';

/** 100 slices a second, finer than any update. */
const SLICE_MS = 10;

interface Transfer {
  response: ServerResponse;
  /** Transfers with the same one share its rate. */
  budget: string;
  bytesPerSecond: number;
  at: number;
  end: number;
}

const limited = new Set<Transfer>();
let connections = 0;

const answer: RequestListener = (request, response) => {
  const url = new URL(request.url ?? '/', 'http://origin');
  const bytes = Number(url.searchParams.get('bytes'));
  const rate = url.searchParams.get('rate');
  const shared = url.searchParams.get('shared');
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = range ? Number(range[1]) : 0;
  const end = range?.[2] ? Math.min(Number(range[2]) + 1, bytes) : bytes;
  response.writeHead(range ? 206 : 200, {
    'content-type': 'video/mp4',
    'content-length': end - start,
    'accept-ranges': 'bytes',
    etag: `"${bytes}"`,
    ...(range ? { 'content-range': `bytes ${start}-${end - 1}/${bytes}` } : {}),
  });
  if (request.method === 'HEAD') return void response.end();
  response.flushHeaders();
  if (rate === null && shared === null) return void pour(response, start, end);
  const budget = shared === null ? String(connections++) : url.href;
  const transfer = { response, budget, bytesPerSecond: Number(shared ?? rate), at: start, end };
  limited.add(transfer);
  response.on('close', () => limited.delete(transfer));
};

/** Not limited. */
function pour(response: ServerResponse, start: number, end: number): void {
  let at = start;
  const more = (): void => {
    while (at < end) {
      const piece = contentAt(at, end);
      at += piece.length;
      if (!response.write(piece)) return;
    }
    response.off('drain', more).end();
  };
  response.on('drain', more);
  more();
}

let paidUntil = performance.now();
setInterval(() => {
  const now = performance.now();
  const seconds = (now - paidUntil) / 1000;
  paidUntil = now;
  const open = [...limited].filter(({ response }) => !response.writableNeedDrain);
  const sharers = Map.groupBy(open, ({ budget }) => budget);
  for (const transfer of open) {
    const among = sharers.get(transfer.budget)?.length ?? 1;
    // Idle time does not accumulate: no burst after a pause.
    const share = Math.round((seconds * transfer.bytesPerSecond) / among);
    const until = Math.min(transfer.end, transfer.at + share);
    while (transfer.at < until) {
      const piece = contentAt(transfer.at, until);
      transfer.response.write(piece);
      transfer.at += piece.length;
    }
    if (until < transfer.end) continue;
    limited.delete(transfer);
    transfer.response.end();
  }
}, SLICE_MS);

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const [keyFile, certFile] = process.argv.slice(2);
const http = await listen(createServer(answer));
let https: number | null = null;
if (keyFile !== undefined && certFile !== undefined) {
  const options = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
  https = await listen(createTlsServer(options, answer));
}
console.log(JSON.stringify({ http, https }));
// Whoever started us is gone.
process.stdin.on('end', () => process.exit()).resume();
