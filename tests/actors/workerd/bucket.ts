/**
 * An in-memory bucket with the part of S3 that a workerd cluster needs: ETags, conditional writes, and lists. In a
 * worker thread, since a node that waits too long for it leaves the cluster.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { settles } from '../../support/wait.ts';

interface Stored {
  body: Buffer;
  etag: string;
}

export interface Bucket {
  readonly port: number;
  close(): Promise<unknown>;
}

export async function startBucket(): Promise<Bucket> {
  const worker = new Worker(new URL(import.meta.url));
  const [port] = (await settles(once(worker, 'message'), { what: 'the bucket to listen' })) as [number];
  return { port, close: () => worker.terminate() };
}

/** @returns the port */
async function serve(): Promise<number> {
  const objects = new Map<string, Stored>();
  let writes = 0;

  function put(key: string, body: Buffer, { headers }: IncomingMessage, response: ServerResponse): void {
    const known = objects.get(key);
    const isRefused =
      (headers['if-none-match'] === '*' && known !== undefined) ||
      (headers['if-match'] !== undefined && headers['if-match'] !== known?.etag);
    if (isRefused) return fail(response, 412, 'PreconditionFailed');
    const etag = `"${++writes}"`;
    objects.set(key, { body, etag });
    response.writeHead(200, { etag }).end();
  }

  function get(key: string, { method }: IncomingMessage, response: ServerResponse): void {
    const known = objects.get(key);
    if (known === undefined) return fail(response, 404, 'NoSuchKey');
    response.writeHead(200, { etag: known.etag, 'content-length': known.body.length });
    response.end(method === 'HEAD' ? undefined : known.body);
  }

  function remove(key: string, { headers }: IncomingMessage, response: ServerResponse): void {
    const known = objects.get(key);
    if (headers['if-match'] !== undefined && headers['if-match'] !== known?.etag)
      return fail(response, 412, 'PreconditionFailed');
    objects.delete(key);
    response.writeHead(204).end();
  }

  function list(query: URLSearchParams, response: ServerResponse): void {
    const prefix = query.get('prefix') ?? '';
    const after = query.get('start-after') ?? '';
    const found = [...objects].filter(([key]) => key.startsWith(prefix) && key > after).sort();
    const contents = found.map(
      ([key, { body, etag }]) =>
        `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified>` +
        `<ETag>${etag}</ETag><Size>${body.length}</Size></Contents>`,
    );
    response.writeHead(200, { 'content-type': 'application/xml' });
    response.end(
      `<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>` +
        `<KeyCount>${found.length}</KeyCount>${contents.join('')}</ListBucketResult>`,
    );
  }

  const server = createServer((request, response) => {
    void buffer(request).then((body) => {
      const url = new URL(request.url ?? '/', 'http://bucket');
      const [, , ...path] = url.pathname.split('/');
      const key = decodeURIComponent(path.join('/'));
      if (request.method === 'PUT') put(key, body, request, response);
      else if (request.method === 'DELETE') remove(key, request, response);
      else if (url.searchParams.has('list-type')) list(url.searchParams, response);
      else get(key, request, response);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

function fail(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`);
}

if (!isMainThread) parentPort?.postMessage(await serve());
