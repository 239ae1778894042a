/** Pages of 3 MB on the wire and 3 GiB decoded through a server and the real yt-dlp, by the default limits. */
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startGzipBomb } from '../site/gzip-bomb.ts';
import { startServer } from '../support/server.ts';
import { sandboxMissing } from '../support/sandbox.ts';
import { testUnless } from '../support/skip.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';

const MIB = 1024 ** 2;
/** The memory limit of the server for a busy download. */
const MOST_GROWN_BYTES = 128 * MIB;

testUnless(
  test,
  ytDlpMissing() ?? sandboxMissing,
  'a page that decodes to gigabytes fails for good, and the server holds none of it',
  async () => {
    const bomb = await startGzipBomb(3 * 1024 * MIB);
    const server = await startServer();
    try {
      const api = await server.session();
      const before = peakBytes(server.pid);
      const id = await api.add({ url: bomb.url, engine: 'yt-dlp' });
      const row = await api.waitFor(id, 'error');
      assert.equal([row.error?.code, row.attempt], ['too_complex', 1]);
      assert.match(row.error?.message ?? '', '1024 MiB of memory');
      const grownBytes = peakBytes(server.pid) - before;
      console.log(`the server grew by ${Math.round(grownBytes / MIB)} MiB`);
      assert.ok(grownBytes < MOST_GROWN_BYTES, `${grownBytes} bytes`);
    } finally {
      await server.stop();
      await bomb.close();
    }
  },
);

function peakBytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) * 1024;
}

test.run();
