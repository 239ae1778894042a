import { test } from 'uvu';
import { unlessMounts } from '../disk/disks.ts';
import { survivesOutage } from '../disk/outage.ts';
import { testUnless } from '../support/skip.ts';

testUnless(
  test,
  unlessMounts(),
  'with the disk away for 45 s, 50 downloads wait and are complete afterwards',
  () => survivesOutage(45_000),
);

testUnless(
  test,
  unlessMounts(),
  'with the disk away for 5 minutes, 50 downloads are complete afterwards',
  () => survivesOutage(300_000),
);

test.run();
