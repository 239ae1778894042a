/** Many slow files at once: each connection gets a slice eight times a second, at least one in each throttle window. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const SLICE_MS = 125;
const SLICE = Buffer.alloc(2_500, 1);
/** Large enough not to end during the measurement, small enough for all to fit on a disk. */
const FILE_BYTES = 50_000_000;

export interface SlowSource {
  url(name: string): string;
  close(): Promise<void>;
}

export async function startSlowSource(): Promise<SlowSource> {
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    response.writeHead(200, { 'content-type': 'video/mp4', 'content-length': FILE_BYTES });
    if (request.method === 'HEAD') return void response.end();
    response.flushHeaders();
    open.add(response);
    response.on('close', () => open.delete(response));
  });
  const timer = setInterval(() => {
    for (const response of open) response.write(SLICE);
  }, SLICE_MS);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: (name) => `http://127.0.0.1:${port}/${name}.mp4`,
    async close() {
      clearInterval(timer);
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
