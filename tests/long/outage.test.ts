/**
 * A NAS that is away for a while. `node -C development tests/long/outage.test.ts 600` for another time than 45 s and five
 * minutes.
 */
import { test } from 'uvu';
import { unlessMounts } from '../disk/disks.ts';
import { survivesOutage } from '../disk/outage.ts';
import { testUnless } from '../support/skip.ts';

const only = Number(process.argv[2]);

for (const seconds of only ? [only] : [45, 300])
  testUnless(
    test,
    unlessMounts(),
    `with the disk away for ${seconds} s, 50 downloads wait and are complete afterwards`,
    () => survivesOutage(seconds * 1000),
  );

test.run();
