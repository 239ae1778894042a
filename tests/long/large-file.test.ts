/** A file of over 4 GiB: its sizes and ranges do not fit into 32 bits, also after an interruption behind that place. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { HttpEngine } from '#lib/annie/http/engine.server.ts';
import { codeOf, freshDir, jobFor, openGuard, removeDirs } from '../annie/http/kit.ts';
import { readers } from '../support/readers.ts';

const GIB = 1024 ** 3;
const BYTES = 4 * GIB + 50_000_000;
/** Where its first connections break. */
const BREAK = 4 * GIB + 10_000_000;

/** At each multiple of 8 its place, so that what is at another one shows. */
function piece(start: number): Buffer {
  const bytes = Buffer.alloc(4 * 1024 * 1024);
  for (let at = 0; at < bytes.length; at += 4096) bytes.writeDoubleLE(start + at, at);
  return bytes;
}

test('a file of over 4 GiB is continued behind that place, and whole', async () => {
  const froms: number[] = [];
  let breaks = true;
  const server = createServer((request, response) => {
    const [, first = '0', last = ''] = /bytes=(\d+)-(\d*)/.exec(request.headers.range ?? '') ?? [];
    const [from, end] = [Number(first), last === '' ? BYTES : Number(last) + 1];
    froms.push(from);
    response.writeHead(206, {
      'content-type': 'application/octet-stream',
      'content-length': end - from,
      'content-range': `bytes ${from}-${end - 1}/${BYTES}`,
      etag: '"large"',
    });
    const pieces = function* (): Generator<Buffer> {
      for (let at = from; at < end;) {
        if (breaks && at >= BREAK) return void response.destroy();
        const start = at - (at % 4096);
        const some = piece(start).subarray(at - start, at - start + end - at);
        at += some.length;
        yield some;
      }
    };
    // The client may close it, too.
    pipeline(Readable.from(pieces()), response).catch(() => undefined);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/large.bin`;
  const engine = new HttpEngine({ guard: openGuard(), readers, stallMs: 60_000, maxConnections: 1 });
  const workDir = await freshDir();
  try {
    assert.is(await codeOf(engine.download(jobFor(url, workDir))), 'connection_lost');
    breaks = false;
    froms.length = 0;
    const { path, bytes } = await engine.download(jobFor(url, workDir));
    assert.is(bytes, BYTES);
    assert.ok(Math.min(...froms) > 4 * GIB, `from ${Math.min(...froms)}`);
    const handle = await open(path, 'r');
    for (const at of [0, 4096 * 1000, 2 * GIB, 4 * GIB - 4096, 4 * GIB, 4 * GIB + 20_480_000]) {
      const { buffer } = await handle.read(Buffer.alloc(8), 0, 8, at - (at % 4096));
      assert.is(buffer.readDoubleLE(0), at - (at % 4096));
    }
    await handle.close();
  } finally {
    await engine.close();
    server.closeAllConnections();
    server.close();
  }
});

test.after(removeDirs);
test.run();
