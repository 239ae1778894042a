import { test } from 'uvu';
import { unlessMounts } from '../disk/disks.ts';
import { survivesOutage } from '../disk/outage.ts';
import { testUnless } from '../support/skip.ts';

testUnless(
  test,
  unlessMounts(),
  'with the disk away for 5 minutes, 50 downloads are complete afterwards',
  () => survivesOutage(300_000),
);

test.run();
