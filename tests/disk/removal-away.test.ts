/** A removal while the download folder is away: the file does not stay for ever. Disks are in tests/long/removal-away.test.ts. */
import { renameSync } from 'node:fs';
import { test } from 'uvu';
import { removesLater } from './removal.ts';

test('a file that is removed while its folder is away goes when it is back, also after a kill', () =>
  removesLater(
    ({ downloadDir }) => ({
      away: () => renameSync(downloadDir, `${downloadDir}.away`),
      back: () => renameSync(`${downloadDir}.away`, downloadDir),
    }),
    { isKilled: true },
  ));

test.run();
