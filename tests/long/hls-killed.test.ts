/** A stream of 8 MB fragments at 2 MB/s, whose server is killed every 3 s: longer than that takes one fragment. */
import { setTimeout as wait } from 'node:timers/promises';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hashOf, startOrigin } from '../../bench/crash/power/origin.ts';
import { sha256File } from '../support/media-hash.ts';
import { makePlace, startServer, type TestServer } from '../support/server.ts';
import { waitFor } from '../support/wait.ts';

const MB = 1_000_000;
const FRAGMENTS = 6;
const KILLS = 8;
const KILL_EVERY_MS = 3_000;
/** Four connections: 2 MB/s. */
const STREAM = { name: 'stream.m3u8', seed: 41, bytes: 8 * MB, fragments: FRAGMENTS, isEven: true };
const STREAM_BYTES = FRAGMENTS * STREAM.bytes;

test('a stream of 8 MB fragments at 2 MB/s gets on whatever is killed: at most 15 % are fetched again', async () => {
  const origin = await startOrigin();
  const place = makePlace();
  let server: TestServer | null = null;
  try {
    origin.serve({ ...STREAM, bytesPerSecond: MB / 2 });
    server = await startServer({ place });
    let api = await server.session();
    const id = await api.add({ url: `${origin.url}/${STREAM.name}`, engine: 'http' });
    for (let kill = 0; kill < KILLS; kill++) {
      // From the first byte of each life, so that a slow start of the server does not count.
      const before = origin.sent(STREAM.name);
      await waitFor(() => origin.sent(STREAM.name) > before, { what: `a byte after kill ${kill}` });
      await wait(KILL_EVERY_MS);
      await server.kill9();
      console.log(`kill ${kill + 1}: ${(origin.sent(STREAM.name) / MB).toFixed(1)} MB sent`);
      server = await startServer({ place });
      api = api.at(server.url);
    }
    const row = await api.waitFor(id, 'complete');
    const again = origin.sent(STREAM.name) - STREAM_BYTES;
    console.log(`${KILLS} kills: ${((again / STREAM_BYTES) * 100).toFixed(1)} % fetched again`);
    assert.is(row.file?.bytes, STREAM_BYTES);
    assert.is(
      await sha256File(join(place.downloadDir, row.file?.name ?? '')),
      hashOf({ ...STREAM, bytesPerSecond: null }),
    );
    assert.ok(again <= 0.15 * STREAM_BYTES, `${again} bytes`);
  } finally {
    await server?.kill9();
    await origin.close();
    place.remove();
  }
});

test.run();
