/** A page that is short on the wire and long once it is decoded. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** Of a member: gzip files may be put one after the other (RFC 1952, section 2.2). */
const MEMBER_BYTES = 64 * 1024 ** 2;

export interface GzipBomb {
  url: string;
  close(): Promise<void>;
}

/** @param bytes decoded; a thousandth of it is sent */
export async function startGzipBomb(bytes: number): Promise<GzipBomb> {
  const member = gzipSync(Buffer.alloc(MEMBER_BYTES, '<p>'));
  const body = Buffer.concat(Array.from({ length: Math.ceil(bytes / MEMBER_BYTES) }, () => member));
  const headers = { 'Content-Type': 'text/html', 'Content-Encoding': 'gzip', 'Content-Length': body.length };
  const server = createServer((req, res) => {
    res.writeHead(200, headers);
    res.end(req.method === 'HEAD' ? undefined : body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/page`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
