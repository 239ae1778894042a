/** A text that ends the process that reads it ends nothing else, and is not read again at the next start. */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { processIds, statOf } from '#lib/process/process-group.server.ts';
import { noProc } from '../process/machine.ts';
import { makePlace, startServer } from '../support/server.ts';
import { testUnless } from '../support/skip.ts';
import { waitFor } from '../support/wait.ts';

/** A tenth of a second of CPU, of which the first hundredth is seen. */
const LONG = `#EXTM3U\n${'#EXTINF:1,\nhttps://cdn.example/piece.ts?with=some&words=more\n'.repeat(99_000)}`;
const SHORT = '#EXTM3U\n#EXTINF:2,\na.ts\n#EXT-X-ENDLIST';

function readersOf(server: number): number[] {
  return processIds().filter((pid) => {
    if (statOf(pid)?.parent !== server) return false;
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('foreign-reader.js');
  });
}

testUnless(
  test,
  noProc,
  'a download whose text ends its reader has failed for good, and others go on',
  async () => {
    let asked = 0;
    const origin = createServer(({ url }, response) => {
      const isLong = url === '/long.m3u8';
      if (isLong) asked++;
      response.setHeader('content-type', 'application/vnd.apple.mpegurl').end(isLong ? LONG : SHORT);
    });
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
    const place = makePlace();
    try {
      const first = await startServer({ place });
      const [mine, other] = [await first.session(), await first.session()];
      // So that there is a reader that has started: what it uses from now on is the read.
      await mine.call('POST', '/api/parse', { url: `${url}/short.m3u8`, engine: 'http' });
      const [reader] = readersOf(first.pid);
      assert.ok(reader !== undefined);
      const idleTicks = statOf(reader)?.cpuTicks ?? 0;
      const id = await mine.add({ url: `${url}/long.m3u8`, engine: 'http' });
      await waitFor(() => (statOf(reader)?.cpuTicks ?? 0) > idleTicks, { what: 'the read' });
      // In the middle of the read.
      process.kill(reader, 'SIGSTOP');
      // The other session is served while the read stands still.
      assert.equal(await other.list(), []);
      process.kill(reader, 'SIGKILL');
      const row = await mine.waitFor(id, 'error');
      assert.is(row.error?.code, 'too_complex', JSON.stringify(row));
      assert.equal(await other.list(), []);
      assert.match(first.log, /a process that reads untrusted text ended/);
      const before = asked;
      await first.kill9();
      const second = await startServer({ place, port: first.port });
      assert.is((await mine.get(id)).error?.code, 'too_complex');
      assert.is(asked, before);
      await second.stop();
    } finally {
      origin.closeAllConnections();
      origin.close();
      place.remove();
    }
  },
);

test.run();
