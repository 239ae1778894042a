/** The behaviour on a full download disk, the same for each engine. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import { sha256Of } from '../site/content.ts';
import { type Site, startSite } from '../site/site.ts';
import { sha256File } from '../support/media-hash.ts';
import { testUnless } from '../support/skip.ts';
import { unlessMounts } from './disks.ts';
import { fill, onDisk } from './server-on-disk.ts';

const MIB = 1024 * 1024;

/**
 * @param missing why the engine is not installed, or null
 * @param options `isShort`: the first test alone
 */
export function testFullDisk(
  test: Test,
  engine: 'http' | 'yt-dlp',
  missing: string | null,
  { isShort = false } = {},
): void {
  const reason = unlessMounts() ?? missing;
  const disk = { dir: 'downloadDir', bytes: 16 * MIB, env: { SLUICE_ENGINES: engine } } as const;
  let site: Site;
  test.before(async () => {
    site = await startSite();
  });
  test.after(() => site.close());
  const address = (seed: number, query: string): string =>
    `${site.url}/file/${engine}-${seed}.mp4?size=${8 * MIB}&type=video/mp4&seed=${seed}&${query}`;

  testUnless(
    test,
    reason,
    'a download that gets ENOSPC waits with disk_full, and goes on when there is space',
    () =>
      onDisk(disk, async ({ place, api }) => {
        const ballast = fill(place.downloadDir, 3 * MIB);
        // The size is not known: only the disk can tell that it does not fit.
        const url = address(61, `rate=${4 * MIB}&fault=unknown-size,no-range`);
        const id = await api.add({ url, engine });
        const stopped = await api.waitFor(id, 'waiting');
        assert.is(stopped.error?.code, 'disk_full');
        assert.ok(stopped.receivedBytes > MIB, `${stopped.receivedBytes} came before`);
        assert.is(stopped.finishedAt, null);
        rmSync(ballast);
        site.unthrottle(`/file/${engine}-61.mp4`);
        await api.act(id, 'resume');
        const row = await api.waitFor(id, 'complete');
        assert.is(row.error, null);
        assert.is(await sha256File(join(place.downloadDir, row.file?.name ?? '')), sha256Of(61, 8 * MIB));
      }),
  );
  if (isShort) return;

  testUnless(
    test,
    reason,
    'a download whose size does not fit is not started, and goes on by itself when there is space',
    () =>
      onDisk(disk, async ({ place, api }) => {
        const ballast = fill(place.downloadDir, 5 * MIB);
        const id = await api.add({ url: address(62, `rate=${2 * MIB}`), engine });
        const stopped = await api.waitFor(id, 'waiting');
        assert.is(stopped.error?.code, 'disk_full');
        const message = /^8\.\d MB are still to come, there is room for \d\.\d MB\.$/;
        assert.match(stopped.error?.message ?? '', message);
        assert.ok(stopped.receivedBytes < 3 * MIB, `${stopped.receivedBytes} came before`);
        rmSync(ballast);
        site.unthrottle(`/file/${engine}-62.mp4`);
        const row = await api.waitFor(id, 'complete');
        assert.is(await sha256File(join(place.downloadDir, row.file?.name ?? '')), sha256Of(62, 8 * MIB));
      }),
  );

  testUnless(test, reason, 'a disk filled by others stops the download before the last byte', () =>
    onDisk(disk, async ({ place, api }) => {
      const id = await api.add({ url: address(63, `rate=${MIB}`), engine });
      await api.waitUntil(id, 'bytes', ({ receivedBytes }) => receivedBytes > MIB / 2);
      const ballast = fill(place.downloadDir, 64 * 1024);
      const stopped = await api.waitFor(id, 'waiting');
      assert.is(stopped.error?.code, 'disk_full');
      rmSync(ballast);
      site.unthrottle(`/file/${engine}-63.mp4`);
      await api.act(id, 'resume');
      const row = await api.waitFor(id, 'complete');
      assert.is(await sha256File(join(place.downloadDir, row.file?.name ?? '')), sha256Of(63, 8 * MIB));
    }),
  );
}
