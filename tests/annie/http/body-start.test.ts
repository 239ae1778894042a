import { Readable } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { BodyStart } from '#lib/annie/http/body/body-start.server.ts';
import type { HttpResponse } from '#lib/annie/http/client/client.server.ts';
import { MAX_PLAYLIST_BYTES } from '#lib/foreign/limits.ts';
import { settles } from '../../support/wait.ts';

const MIB = 1024 * 1024;

function responseOf(body: Readable, coding: string | null): HttpResponse {
  const head = new Map(coding === null ? [] : [['content-encoding', coding]]);
  const url = new URL('http://origin.test/');
  return {
    url,
    status: 200,
    head,
    body,
    waitedMs: 0,
    discard: () => body.destroy(),
  } as unknown as HttpResponse;
}

async function codeOf(chunks: AsyncIterable<unknown>): Promise<string> {
  try {
    for await (const _ of chunks) continue;
    return 'none';
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
}

test('a coded body of which nothing comes out is given up at the limit of a text', async () => {
  // A gzip head whose file name (RFC 1952, FNAME) never ends.
  const head = Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]);
  let sent = 0;
  const body = new Readable({
    read() {
      sent += MIB;
      setImmediate(() => this.push(sent === MIB ? head : Buffer.alloc(MIB, 'x')));
    },
  });
  const start = new BodyStart(responseOf(body, 'gzip'), () => {});
  assert.is(await settles(codeOf(start.chunks())), 'too_complex');
  assert.ok(sent < 2 * MAX_PLAYLIST_BYTES, String(sent));
  body.destroy();
});

test('what was read is given back up to a limit, and not without its start beyond that', async () => {
  for (const [count, isGiven] of [
    [1, true],
    [5, false],
  ] as const) {
    const body = Readable.from(Array.from({ length: count }, () => Buffer.alloc(MIB / 2 + 1)));
    const start = new BodyStart(responseOf(body, null), () => {});
    assert.is(await settles(codeOf(start.chunks())), 'none');
    assert.is(start.giveBack() !== null, isGiven);
  }
});

test.run();
