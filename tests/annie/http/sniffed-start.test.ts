import { Readable } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withStart } from '#lib/annie/http/body/sniffed-start.server.ts';
import type { HttpResponse } from '#lib/annie/http/client/client.server.ts';
import { headFrom } from '#lib/annie/http/head/head.ts';
import { settles } from '../../support/wait.ts';

/** A response whose body breaks behind its first bytes. */
function broken(): HttpResponse {
  const body = Readable.from(
    (async function* () {
      yield Buffer.from('first');
      await Promise.resolve();
      throw new Error('cut');
    })(),
    { objectMode: false },
  );
  const rest = { policy: 'strict-origin-when-cross-origin', status: 200, waitedMs: 0 } as const;
  return {
    ...rest,
    url: new URL('https://a.example/'),
    head: headFrom({}),
    body,
    discard: () => void body.destroy(),
  };
}

test('the failure of a body comes behind the bytes before it', async () => {
  const { response, start } = await withStart(broken(), 100);
  assert.is(start.toString(), 'first');
  const read: string[] = [];
  let failure: unknown = null;
  try {
    for await (const chunk of response.body) read.push(String(chunk));
  } catch (thrown) {
    failure = thrown;
  }
  assert.equal(read, ['first']);
  assert.match(String(failure), 'cut');
});

test('a body that breaks after it was read last ends nothing', async () => {
  const { response } = await withStart(broken(), 100);
  const closed = new Promise((resolve) => response.body.on('close', resolve));
  response.body.read(0);
  response.body.on('readable', () => response.body.read());
  await settles(closed, { what: 'the end of the body' });
  assert.match(String(response.body.errored), 'cut');
});

test.run();
