/** A page that is 1 MB on the wire and 1 GiB decoded, given to the real yt-dlp. Through a server: tests/long/. */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { YtDlpEngine } from '#lib/annie/yt-dlp/engine.ts';
import { createGuard } from '#lib/guard/guard.server.ts';
import { parseAllowPrivate } from '#lib/guard/policy.ts';
import { startProxy } from '#lib/guard/proxy.server.ts';
import { createProcessHost } from '#lib/process/process-host.server.ts';
import { DEFAULT_LIMITS } from '#lib/process/sandbox/sandbox.ts';
import { SluiceError } from '#lib/protocol/error.ts';
import { readyYtDlp } from '../annie/yt-dlp/ready.ts';
import { startGzipBomb } from '../site/gzip-bomb.ts';
import { readers } from '../support/readers.ts';
import { sandbox, sandboxMissing } from '../support/sandbox.ts';
import { testUnless } from '../support/skip.ts';
import { settles } from '../support/wait.ts';

const MIB = 1024 ** 2;
const ready = await readyYtDlp();

testUnless(
  test,
  ready.reason ?? sandboxMissing,
  'yt-dlp is ended by its memory limit, with a final code',
  async () => {
    const dir = await mkdtemp(join(tmpdir(), 'sluice-test-'));
    const bomb = await startGzipBomb(1024 * MIB);
    const limits = { ...DEFAULT_LIMITS, memoryBytes: 256 * MIB };
    const processes = await createProcessHost({ runDir: join(dir, 'run'), sandbox, limits });
    const allowPrivate = parseAllowPrivate(new URL(bomb.url).host);
    const proxy = await startProxy({ guard: createGuard({ allowPrivate }), listens: false });
    const engine = new YtDlpEngine({
      ...{ processes, readers, proxy, dataDir: ready.dataDir ?? dir, ffmpegPath: null, nodePath: null },
      path: process.env['PATH'] ?? '',
    });
    try {
      const before = process.memoryUsage.rss();
      const { signal } = new AbortController();
      const thrown: unknown = await settles(
        engine.parse({ url: bomb.url, signal }).catch((error: unknown) => error),
        { deadlineMs: 60_000 },
      );
      assert.ok(thrown instanceof SluiceError, String(thrown));
      assert.equal([thrown.code, thrown.transient], ['too_complex', false]);
      assert.match(thrown.message, '256 MiB of memory');
      assert.ok(process.memoryUsage.rss() - before < 64 * MIB, 'this process holds none of it');
    } finally {
      await processes.close();
      await proxy.close();
      await bomb.close();
      await rm(dir, { recursive: true, force: true });
    }
  },
);

test.run();
