/**
 * A child process that serves the files of a bench. `/BYTES/NAME` is a file of that size, sent at once;
 * `/BYTES/NAME?bytesPerSecond=N` the same in 4 slices a second, each file at its own offset. Sends its
 * port; on "sent", when each slice of the slow files was sent.
 */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** By path: [bytes so far, when (ms since 1970)], oldest first. */
export type Sent = Record<string, [untilBytes: number, atMs: number][]>;

const SLICES_PER_SECOND = 4;
/** Groups of slow files with different offsets: one every 10 ms. */
const GROUPS = 25;
const MOST_BYTES = 64 * 1024 * 1024;

interface Slow {
  path: string;
  response: ServerResponse;
  at: number;
  end: number;
  bytesPerSlice: number;
}

const body = Buffer.alloc(MOST_BYTES, 'sluice ');
const groups = Array.from({ length: GROUPS }, () => new Set<Slow>());
const sent: Sent = {};
let begun = 0;

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const { pathname: path, searchParams } = new URL(request.url ?? '', 'http://origin');
  const bytes = Math.min(Number(path.split('/')[1]), MOST_BYTES);
  const bytesPerSecond = Number(searchParams.get('bytesPerSecond') ?? 0);
  const ranged = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const first = ranged ? Number(ranged[1]) : 0;
  const end = ranged?.[2] ? Math.min(Number(ranged[2]) + 1, bytes) : bytes;
  response.writeHead(ranged ? 206 : 200, {
    'content-type': 'video/mp4',
    'content-length': end - first,
    'accept-ranges': 'bytes',
    etag: `"${bytes}"`,
    ...(ranged ? { 'content-range': `bytes ${first}-${end - 1}/${bytes}` } : {}),
  });
  if (bytesPerSecond === 0) {
    response.end(body.subarray(first, end));
    return;
  }
  response.flushHeaders();
  const group = groups[begun++ % GROUPS]!;
  const bytesPerSlice = Math.ceil(bytesPerSecond / SLICES_PER_SECOND);
  const slow: Slow = { path, response, at: first, end, bytesPerSlice };
  group.add(slow);
  response.on('close', () => group.delete(slow));
});

let turn = 0;
setInterval(
  () => {
    const group = groups[turn++ % GROUPS]!;
    for (const slow of group) {
      if (slow.response.writableNeedDrain) continue;
      const until = Math.min(slow.end, slow.at + slow.bytesPerSlice);
      slow.response.write(body.subarray(slow.at, until));
      slow.at = until;
      (sent[slow.path] ??= []).push([until, performance.timeOrigin + performance.now()]);
      if (until < slow.end) continue;
      group.delete(slow);
      slow.response.end();
    }
  },
  1000 / SLICES_PER_SECOND / GROUPS,
).unref();

server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.on('message', () => process.send?.(sent));
process.on('disconnect', () => process.exit());
