import { rmSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { startSite } from '../site/site.ts';
import { testUnless } from '../support/skip.ts';
import { missing } from '../support/tools.ts';
import { ytDlpMissing } from '../support/yt-dlp.ts';
import { testFullDisk } from './full-download.ts';
import { unlessMounts } from './disks.ts';
import { fill, onDisk } from './server-on-disk.ts';

const MB = 1_000_000;

// All of them: `tests/long/disk-full-yt-dlp.test.ts`.
testFullDisk(test, 'yt-dlp', ytDlpMissing(), { isShort: true });

testUnless(
  test,
  unlessMounts() ?? ytDlpMissing() ?? missing('ffmpeg'),
  'audio and video that fit, but not together with the merged file, wait for space before merging',
  async () => {
    const site = await startSite();
    try {
      const disk = { dir: 'downloadDir', bytes: 8 * MB, env: { SLUICE_ENGINES: 'yt-dlp' } } as const;
      await onDisk(disk, async ({ place, api }) => {
        // The parts take 1.4 MB, and so does the merged file.
        const ballast = fill(place.downloadDir, 2.2 * MB);
        const id = await api.add({ url: `${site.url}/media/dash/index.mpd`, engine: 'yt-dlp' });
        const stopped = await api.waitFor(id, 'waiting');
        assert.is(stopped.error?.code, 'disk_full');
        rmSync(ballast);
        await api.act(id, 'resume');
        await api.waitFor(id, 'complete');
      });
    } finally {
      await site.close();
    }
  },
);

test.run();
