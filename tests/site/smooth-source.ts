/**
 * A media server with one smooth rate for all its connections together: the measurement is how soon a client
 * sees bytes, so neither bursts nor several connections may change when they arrive.
 */
import { createHash } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Source {
  url: string;
  sha256: string;
  close(): Promise<void>;
}

/** 100 slices a second, finer than any update. */
const SLICE_MS = 10;

interface Transfer {
  response: ServerResponse;
  at: number;
  end: number;
}

export async function startSource({
  bytes,
  bytesPerSecond,
}: {
  bytes: number;
  bytesPerSecond: number;
}): Promise<Source> {
  const body = Buffer.alloc(bytes);
  // Not zeroes, which a sparse or compressing file system does not store.
  for (let i = 0; i + 4 <= bytes; i += 4) body.writeUInt32LE((i * 2654435761) >>> 0, i);

  const transfers = new Set<Transfer>();
  const server = createServer((request, response) => {
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    const start = range ? Number(range[1]) : 0;
    const end = range?.[2] ? Math.min(Number(range[2]) + 1, bytes) : bytes;
    response.writeHead(range ? 206 : 200, {
      'content-type': 'video/mp4',
      'content-length': end - start,
      'accept-ranges': 'bytes',
      etag: '"wire"',
      ...(range ? { 'content-range': `bytes ${start}-${end - 1}/${bytes}` } : {}),
    });
    if (request.method === 'HEAD') {
      response.end();
      return;
    }
    response.flushHeaders();
    const transfer = { response, at: start, end };
    transfers.add(transfer);
    response.on('close', () => transfers.delete(transfer));
  });

  let paidUntil = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    const open = [...transfers].filter(({ response }) => !response.writableNeedDrain);
    // Idle time does not accumulate: no burst after a pause.
    const share = open.length === 0 ? 0 : ((now - paidUntil) / 1000) * (bytesPerSecond / open.length);
    paidUntil = now;
    for (const transfer of open) {
      const until = Math.min(transfer.end, transfer.at + Math.round(share));
      transfer.response.write(body.subarray(transfer.at, until));
      transfer.at = until;
      if (until < transfer.end) continue;
      transfers.delete(transfer);
      transfer.response.end();
    }
  }, SLICE_MS);

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/wire.mp4`,
    sha256: createHash('sha256').update(body).digest('hex'),
    close: () => {
      clearInterval(timer);
      server.closeAllConnections();
      return new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}
