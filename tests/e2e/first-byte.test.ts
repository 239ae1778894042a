/** Servers that take long to begin, and links that are good once, through the whole server and `sluice get`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { sluice } from '../support/cli.ts';
import { makePlace, startServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';
import { response, startWildOrigin, type WildAnswer } from '../wild/origin.ts';

const MiB = 1024 * 1024;
const OCTETS = 'Connection: close\r\nContent-Type: application/octet-stream';
const origin = await startWildOrigin();
test.after(() => origin.close());

/** Half of the file, and the rest never: what a restart finds. */
function halfOnce(size: number): WildAnswer {
  return async function* ({ count }) {
    if (count > 1) return yield response('HTTP/1.1 403 Forbidden');
    yield `HTTP/1.1 200 OK\r\n${OCTETS}\r\nContent-Length: ${size}\r\n\r\n`;
    yield Buffer.alloc(size / 2, 'half');
    await new Promise((resolve) => setTimeout(resolve, 60_000).unref());
  };
}

test('a row says that it waits for a slow server, and a pause does not make the server begin anew', async () => {
  const env = { SLUICE_ENGINES: 'http', SLUICE_STALL_MS: '1000', SLUICE_FIRST_BYTE_MS: '60000' };
  const server = await startServer({ env });
  try {
    const api = await server.session();
    const gate = Promise.withResolvers<void>();
    const url = origin.serve('/zip', () => gate.promise.then(() => response(OCTETS, 'made on the fly')));
    const look = api.parse(url);
    await waitFor(() => origin.requestsFor('/zip').length === 1, { what: 'the look-up to ask' });
    const id = await api.add({ url });
    const isAwaiting = ({ awaitingSince }: { awaitingSince?: string | null }): boolean =>
      awaitingSince != null;
    const said = await api.waitUntil(id, 'the wait to be said', isAwaiting);
    assert.is(said.state, 'parse');
    assert.ok(Date.parse(said.awaitingSince ?? '') >= Date.parse(said.createdAt));
    await api.act(id, 'pause');
    const paused = await api.waitFor(id, 'paused');
    assert.is(paused.awaitingSince, null);
    await api.act(id, 'resume');
    await api.waitUntil(id, 'the wait to be said again', isAwaiting);
    gate.resolve();
    assert.is((await look).items.length, 1);
    const row = await api.waitFor(id, 'complete');
    assert.equal([row.attempt, row.awaitingSince, row.file?.bytes], [1, null, 15]);
    assert.is(origin.requestsFor('/zip').length, 1);
  } finally {
    await server.stop();
  }
});

test('a link that is good once is listed and saved by one request; after a restart it says that it was used', async () => {
  const place = makePlace();
  const env = { SLUICE_ENGINES: 'http' };
  let server = await startServer({ place, env });
  try {
    let api = await server.session();
    const body = Buffer.alloc(9 * MiB, 'once');
    const once = origin.serve('/once.bin', ({ count }) =>
      count > 1 ? response('HTTP/1.1 410 Gone') : response(OCTETS, body),
    );
    const { items } = await api.parse(once);
    const [item] = items;
    const streamId = item?.streams[0]?.id ?? '';
    const row = await api.waitFor(
      await api.add({ url: item?.url ?? '', engine: 'http', streamId }),
      'complete',
    );
    assert.ok(readFileSync(join(place.downloadDir, row.file?.name ?? '')).equals(body));
    assert.is(origin.requestsFor('/once.bin').length, 1);

    const half = origin.serve('/half.bin', halfOnce(4 * MiB));
    const id = await api.add({ url: half });
    await api.waitUntil(id, 'some bytes', ({ receivedBytes }) => receivedBytes > MiB);
    await server.stop();
    server = await startServer({ place, env });
    api = api.at(server.url);
    const used = await api.waitFor(id, 'error');
    assert.is(used.error?.code, 'remote_link_used');
  } finally {
    await server.stop();
    place.remove();
  }
});

test('`sluice get` saves a link that is good once', async () => {
  const place = makePlace();
  try {
    for (const size of [1000, 9 * MiB]) {
      const path = `/get-${size}.bin`;
      const url = origin.serve(path, ({ count }) =>
        count > 1 ? response('HTTP/1.1 404 Not Found') : response(OCTETS, Buffer.alloc(size, 'get')),
      );
      const { code, stderr } = await sluice(['get', url], { place, env: { SLUICE_ENGINES: 'http' } });
      assert.is(code, 0, stderr);
      assert.is(readFileSync(join(place.downloadDir, `get-${size}.bin`)).length, size);
      assert.is(origin.requestsFor(path).length, 1);
    }
  } finally {
    place.remove();
  }
});

test.run();
